"""Text, lists and types out of whatever a column holds."""

from __future__ import annotations

import polars as pl

from crossfade_indexing.sources.raw import LINE

__all__ = ["as_list", "as_prose", "as_text", "inner_type", "with_found_types"]

# Columns whose text has a meaning of its own and is never taken for a number.
_KEPT_AS_TEXT = (LINE, "item_id", "user_id", "title", "description", "categories", "tags")
_NO_NUMBER = ("", "nan", "null", "none", "na", "n/a")
# Without leading zeros, so that codes such as 007 and 02139 stay text.
_WHOLE = r"^-?(0|[1-9][0-9]{0,17})$"
_NUMBER = r"^-?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][+-][0-9]+)?$"


def with_found_types(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with text columns typed by their fields: Int64, Float64 or Boolean if all are, else String.

    Empty fields are null, and so are ``nan``, ``null``, ``none``, ``na`` and ``n/a`` in a column of numbers.
    """
    names = [name for name, dtype in frame.schema.items() if dtype == pl.String and name not in _KEPT_AS_TEXT]
    text = {name: pl.col(name).str.strip_chars() for name in names}
    present = {name: ~text[name].str.to_lowercase().is_in(_NO_NUMBER) for name in names}
    forms = (_WHOLE, _NUMBER, r"^(?i)(true|false)$")
    facts = frame.select(
        pl.concat_list(
            present[name].any(), *(text[name].filter(present[name]).str.contains(form).all() for form in forms)
        ).alias(name)
        for name in names
    )
    typed = []
    for name in names:
        some, whole, number, truth = facts.get_column(name).item().to_list()
        if some and number:
            typed.append(text[name].cast(pl.Int64 if whole else pl.Float64, strict=False))
        elif some and truth:
            typed.append(pl.when(text[name] != "").then(text[name].str.to_lowercase() == "true").alias(name))
        else:
            typed.append(pl.when(text[name] != "").then(text[name]))
    return frame.with_columns(typed)


def as_text(values: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """The values as text without surrounding white space, null where there is none; 1.0 becomes ``1``."""
    if isinstance(dtype, pl.Decimal):
        return as_text(values.cast(pl.Float64), pl.Float64())
    if dtype.is_float():
        whole = values.is_finite() & (values == values.floor()) & (values.abs() < 2.0**53)
        whole_text = pl.when(whole).then(values).cast(pl.Int64, strict=False).cast(pl.String)
        return pl.coalesce(whole_text, pl.when(values.is_not_nan()).then(values).cast(pl.String))
    if dtype.is_nested():
        # A struct of one field is encoded as {"x":...}: take the value out.
        encoded = pl.struct(values.alias("x")).struct.json_encode().str.slice(5).str.head(-1)
        return pl.when(values.is_not_null()).then(encoded)
    text = values.cast(pl.String, strict=False).str.strip_chars()
    return pl.when(text != "").then(text)


def as_list(values: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """The values as lists of distinct texts in their order, [] where there is none; lists in lists are flattened.

    Text is split at ``|``, unless it is a JSON list.
    """
    if isinstance(dtype, pl.Array):
        return as_list(values.arr.to_list(), pl.List(dtype.inner))
    if isinstance(dtype, pl.List):
        inner = inner_type(dtype)
        if isinstance(inner, pl.List | pl.Array):
            texts = values.list.eval(as_list(pl.element(), inner).explode())
        else:
            texts = values.list.eval(as_text(pl.element(), inner))
    elif dtype == pl.String:
        texts = pl.coalesce(_json_strings(values), values.str.split("|"))
        texts = texts.list.eval(as_text(pl.element(), pl.String()))
    else:
        texts = pl.concat_list(as_text(values, dtype))
    return texts.list.drop_nulls().list.unique(maintain_order=True).fill_null(pl.lit([], dtype=pl.List(pl.String)))


def as_prose(values: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """The values as running text, "" where there is none; lists, also JSON lists in text, are joined by blanks."""
    if isinstance(dtype, pl.List | pl.Array):
        return as_list(values, dtype).list.join(" ")
    text = as_text(values, dtype)
    if dtype == pl.String:
        text = pl.coalesce(_json_strings(values).list.join(" ").str.strip_chars(), text)
    return text.fill_null("")


def inner_type(dtype: pl.List) -> pl.DataType:
    """What a list holds; polars' annotations leave open whether that is a type's class or an instance."""
    return dtype.inner if isinstance(dtype.inner, pl.DataType) else dtype.inner()


def _json_strings(text: pl.Expr) -> pl.Expr:
    """All strings of a JSON list, those of lists within it too; null where the text is no JSON list."""
    # Polars writes control characters unescaped when it turns a list into text, which is no JSON.
    candidate = pl.when(text.str.starts_with("[")).then(text.str.replace_all(r"[\x00-\x1f]", " "))
    valid = candidate.str.json_path_match("$")
    strings = valid.str.extract_all(r'"(?:[^"\\]|\\.)*"').list.join(",")
    return (pl.lit("[") + strings + pl.lit("]")).str.json_decode(pl.List(pl.String))
