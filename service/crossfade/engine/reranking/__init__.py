"""After fusion: from a pool, best first, to the order that is answered. No rule touches a score.

One pass over the places 1, 2, 3, … of the whole order, all pages together, decides each from those above it alone.
So the first places are the same however many are asked for, and pages are slices of one order. At a place, the first
of these that applies:

1. **Pin.** An item that is pinned there stands there. It is never capped and comes nowhere else. Pins for places
   beyond the end follow at the end, in their order.
2. **Promotion.** Among the first n places at least ``floor(n * share)`` belong to the promoted, for every n, as long
   as the pool has such items that no cap forbids; whatever brought them there counts. Where another item would make
   them too few, the best promoted one takes the place. Pins further down are looked ahead to.
3. **Exploration.** Among the first n places at most ``floor(n * share)`` are drawn, each uniformly from what stands in
   the pool below the page that the place is on.
4. **Score and diversity.** Else the item with the largest
   ``(1 - diversity) * relevance - diversity * likeness`` comes; equal ones in the order of the pool.

**Caps** decide who may come by 2, 3 and 4: of items that share a value at most ``most``, over the whole order. Pins
count for them from the start, wherever they stand.

**Diversity.** Relevance is the score, scaled to 0 to 1 over the pool without its pins; likeness is half the largest,
half the mean cosine to all items above. After Carbonell & Goldstein, SIGIR 1998 (maximal marginal relevance), who
take the largest alone. The mean is ours, because diversity is promised as mean distance within a list. With the
largest alone that distance fell in 8 % of single requests' steps of 0.1 on the demo's items, and on average over the
requests to one of 20 generated catalogues; with the mean alone in 1 %, but near twins stayed in the list; with both in
5 %, never on average, and twins went.
"""

from crossfade.engine.reranking.places import rerank
from crossfade.engine.reranking.rules import CapRule, ExplorationRule, PlacedBy, PromotionRule, Ranked, Rules

__all__ = ["CapRule", "ExplorationRule", "PlacedBy", "PromotionRule", "Ranked", "Rules", "rerank"]
