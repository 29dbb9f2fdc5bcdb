"""Where each field of the canonical order comes from: the [order] and [line] tables of a source file.

A field is a column name (`sku = "ITEM_NO"`), or a table with `column`, `columns` + `join`, `constant`, `computed` or a
calculation (`sum`, `difference`, `product`, `quotient`, `net`), and optionally `default`, `transforms` and `codes`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Annotated, Any, ClassVar, Literal, Self, TypeVar, cast

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, create_model, model_validator
from pydantic_core import PydanticCustomError

from chalicelib.domain.fields import FieldSpec, fields_of, leaves_of
from chalicelib.domain.order import Line, OrderContent
from chalicelib.mapping.transforms import BadTransform, compile_transform

Column = Annotated[str, Field(min_length=1, max_length=200)]


class Model(BaseModel):
    """Unknown keys are mistakes, nothing changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _regular_expression(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise PydanticCustomError("pattern", "is no regular expression: {reason}", {"reason": str(error)}) from error
    return pattern


Pattern = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_regular_expression)]


class FieldSource(Model):
    """Where one canonical field comes from.

    The order of work: take the column (or join several), strip whitespace unless `keep_blanks`, apply `transforms`,
    look up `codes`; NULL and empty text become `default`. What is left is converted to the field's own type, and must
    match the `pattern` (a regular expression) from beginning to end, if there is one.
    `optional`: a file may lack the column, which is then empty in all of its rows.

    A calculation takes two or more sources in the place of the column, each by its own rules; `net` is a gross amount
    without the tax of a rate. It is exact: a result of more than 6 decimals is refused, or rounded (half up) to as many
    `decimals` as the mapping says.
    """

    column: Column | None = None
    columns: tuple[Column, ...] = ()
    join: str = " "
    constant: str | int | float | bool | None = None
    computed: Literal["position", "sum_of_lines"] | None = None
    sum: Operands = ()
    difference: Operands = ()
    product: Operands = ()
    quotient: Operands = ()
    net: Operands = ()
    decimals: Annotated[int, Field(ge=0, le=6)] | None = None
    default: str | int | float | bool | None = None
    transforms: tuple[str, ...] = ()
    codes: str | None = None
    pattern: Pattern | None = None
    keep_blanks: bool = False
    optional: bool = False

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        named = ("column", "columns", "constant", "computed", *CALCULATIONS)
        if len([name for name in named if getattr(self, name) not in (None, ())]) != 1:
            raise PydanticCustomError("origin", "needs exactly one of {named}", {"named": ", ".join(named)})
        if len(self.operands) != 2 and self.calculation in ("quotient", "net"):
            raise PydanticCustomError("operands", "{name} needs two columns", {"name": self.calculation})
        if self.decimals is not None and not self.operands:
            raise PydanticCustomError("decimals", "decimals is said of a calculation, and there is none")
        if self.optional and not (self.column or self.columns):
            raise PydanticCustomError("optional", "optional is said of a column, and there is none")
        for name in self.transforms:
            try:
                compile_transform(name)
            except BadTransform as error:
                raise PydanticCustomError("transform", "{reason}", {"reason": str(error)}) from error
        return self

    @property
    def calculation(self) -> str:
        """Its name; "" if there is none."""
        return next((name for name in CALCULATIONS if getattr(self, name)), "")

    @property
    def operands(self) -> tuple[FieldSource, ...]:
        """What the calculation is made of."""
        return getattr(self, self.calculation) if self.calculation else ()

    @property
    def parts(self) -> tuple[FieldSource, ...]:
        """This source, and those that it is calculated from."""
        return (self, *(part for operand in self.operands for part in operand.parts))

    @property
    def origin(self) -> tuple[str, ...]:
        """The ERP columns this field reads."""
        return tuple(column for part in self.parts for column in part.own_columns)

    @property
    def own_columns(self) -> tuple[str, ...]:
        """Those that it reads without its calculation."""
        return (self.column,) if self.column is not None else self.columns

    @property
    def required_columns(self) -> tuple[str, ...]:
        """Those of its columns that must be there."""
        return tuple(column for part in self.parts if not part.optional for column in part.own_columns)


CALCULATIONS = ("sum", "difference", "product", "quotient", "net")


def _column_name_alone(value: Any) -> Any:
    return {"column": value} if isinstance(value, str) else value


Origin = Annotated[FieldSource, BeforeValidator(_column_name_alone)]
Operands = tuple[Origin, ...]
FieldSource.model_rebuild()


class Table(Model):
    """A table of a mapping: a key for every field of a class of the domain. `LEAVES`: the paths of those fields."""

    LEAVES: ClassVar[Mapping[str, FieldSpec]] = {}


Declared = TypeVar("Declared", bound=Table)


def table_of(described: type, without: Collection[str] = ()) -> Callable[[type[Declared]], type[Declared]]:
    """Class decorator: the keys are the fields of `described`, nested ones tables of their own, but for `without`.

    What the decorated class says itself is for the type checker: the fields that code reads by name. Raises TypeError
    for one that `described` does not have.
    """

    def completed(declared: type[Declared]) -> type[Declared]:
        made = _table(declared.__name__, described, without, declared.__doc__)
        unknown = declared.model_fields.keys() - made.model_fields.keys()
        if unknown:
            raise TypeError(f"{described.__name__} has no {', '.join(sorted(unknown))}")
        return cast(type[Declared], made)

    return completed


def _table(name: str, described: type, without: Collection[str], doc: str | None = None) -> type[Table]:
    specs = [spec for spec in fields_of(described) if spec.name not in without]
    made: type[Table] = create_model(
        name, __base__=Table, __doc__=doc, __module__=__name__, **{spec.name: _key(spec) for spec in specs}
    )
    leaves = leaves_of(described).items()
    made.LEAVES = {path: spec for path, spec in leaves if path.partition(".")[0] not in without}
    return made


def _key(spec: FieldSpec) -> Any:
    """The key of a field, as pydantic wants it: type and default."""
    if spec.many:
        raise TypeError(f"{spec.name} is a list: it needs rows of its own, as [line] has; until then name it `without`")
    kind = _table(f"{spec.kind.__name__}Fields", spec.kind, ()) if spec.is_nested else Origin
    return (kind | None, None) if spec.optional else (kind, ...)


NOT_IN_ORDER = ("source", "lines")
"""`source` is the source file's name and is not mapped; lines have a table of their own."""


@table_of(OrderContent, without=NOT_IN_ORDER)
class OrderFields(Table):
    """Fields of the header."""

    external_id: Origin
    total: Origin


@table_of(Line)
class LineFields(Table):
    """Fields of a position."""

    line: Origin
    sku: Origin
