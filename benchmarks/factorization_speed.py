"""How long does the truncated SVD take, how much memory, and how does it compare with implicit's ALS and BPR?

Without ``--against-als``: 1.2 million made-up events of 60,000 users and 40,000 items (``long_tail.py``), degrees
scaled by their 0.4th power, rank 512. Printed are the time of the fit alone, wall clock and CPU, and the peak memory of
a process that loads the matrix and fits it.

With it: MovieLens-small, weights (rating - 2) / 2 where positive, the last 20 % of each user's ratings held out
(n_test = round(0.2 n), equal timestamps ordered by movie id), those of 4 stars and more to be found among all movies
the user has not rated in training. The hyper-parameters of all three, from the grids below, are those of the best
NDCG@10 on the last 20 % of the training ratings. Printed are NDCG@10 on the test ratings and the time of the fit
alone, on all cores. ``--out FILE.npz`` also writes ``user_id`` and, for ``svd``, ``als`` and ``bpr``,
each user's NDCG@10. implicit lives in an environment of its own, made and used from the project's root by::

    python3 -m venv ../implicit-env && ../implicit-env/bin/pip install -r benchmarks/requirements-implicit.txt
    PYTHONPATH=service:indexing ../implicit-env/bin/python benchmarks/factorization_speed.py --against-als

The data is looked for in ``../shared/datasets/movielens-small`` or where ``CROSSFADE_MOVIELENS_DIR`` points.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from long_tail import long_tail_matrix
from numpy.typing import NDArray

from crossfade_indexing.learning.truncated_svd import truncated_svd

EVENTS, USERS, ITEMS, RANK = 1_200_000, 60_000, 40_000, 512
EXPONENT = 0.4
SEED = 1


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--against-als", action="store_true", help="compare with implicit on MovieLens-small")
    parser.add_argument("--out", type=Path, help="write NDCG@10 per user here (.npz)")
    arguments = parser.parse_args()
    if arguments.against_als:
        from against_implicit import compare  # noqa: PLC0415  implicit is only in an environment of its own

        compare(arguments.out)
    else:
        measure_long_tail()


def measure_long_tail() -> None:
    """Print time and peak memory of the large case, fitted in a process of its own."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "matrix.npz"
        sp.save_npz(path, scaled(long_tail_matrix(EVENTS, USERS, ITEMS, seed=SEED)), compressed=False)
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as alone:
            wall_s, cpu_s, peak_bytes, singular_values = alone.submit(fit, path).result()
    print(f"{EVENTS:,} events, {USERS:,} users, {ITEMS:,} items, rank {len(singular_values)}, {os.cpu_count()} cores")
    print(f"fit {wall_s:.1f} s ({cpu_s:.1f} s of CPU), peak memory {peak_bytes / 2**30:.2f} GiB")
    shown = np.unique(np.geomspace(1, len(singular_values), 8).round().astype(int))
    print("singular values", *(f"{place}: {singular_values[place - 1]:.3f}" for place in shown))


def fit(path: Path) -> tuple[float, float, int, NDArray[np.float32]]:
    """Return seconds of the fit, wall clock and CPU, this process's peak memory in bytes, and the singular values."""
    matrix = sp.csr_array(sp.load_npz(path))
    wall, cpu = time.perf_counter(), time.process_time()
    singular_values, _ = truncated_svd(matrix, RANK, seed=SEED)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return wall, cpu, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, singular_values


def scaled(matrix: sp.csr_array) -> sp.csr_array:
    """Divide each entry by its user's and its item's degree to the power of ``EXPONENT``."""
    users, items = (np.maximum(matrix.sum(axis=axis), 1.0) ** -EXPONENT for axis in (1, 0))
    return sp.csr_array((sp.diags_array(users) @ matrix @ sp.diags_array(items)).astype(np.float32))


if __name__ == "__main__":
    main()
