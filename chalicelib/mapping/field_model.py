"""Where each field of the canonical order comes from: the [order] and [line] tables of a source file.

A field is a column name (`sku = "ITEM_NO"`), or a table with `column`, `columns` + `join`, `constant` or `computed`,
and optionally `default`, `transforms` and `codes`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from chalicelib.mapping.transforms import BadTransform, compile_transform

Column = Annotated[str, Field(min_length=1, max_length=200)]


class Model(BaseModel):
    """Unknown keys are mistakes, nothing changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class FieldSource(Model):
    """Where one canonical field comes from.

    The order of work: take the column (or join several), strip whitespace unless `keep_blanks`, apply `transforms`,
    look up `codes`; NULL and empty text become `default`. What is left is converted to the field's own type.
    """

    column: Column | None = None
    columns: tuple[Column, ...] = ()
    join: str = " "
    constant: str | int | float | bool | None = None
    computed: Literal["position", "sum_of_lines"] | None = None
    default: str | int | float | bool | None = None
    transforms: tuple[str, ...] = ()
    codes: str | None = None
    keep_blanks: bool = False

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        origins = (self.column is not None, bool(self.columns), self.constant is not None, self.computed is not None)
        if sum(origins) != 1:
            raise PydanticCustomError("origin", "needs exactly one of column, columns, constant, computed")
        for name in self.transforms:
            try:
                compile_transform(name)
            except BadTransform as error:
                raise PydanticCustomError("transform", "{reason}", {"reason": str(error)}) from error
        return self

    @property
    def origin(self) -> tuple[str, ...]:
        """The ERP columns this field reads."""
        return (self.column,) if self.column is not None else self.columns


def _column_name_alone(value: Any) -> Any:
    return {"column": value} if isinstance(value, str) else value


Origin = Annotated[FieldSource, BeforeValidator(_column_name_alone)]


class PaymentFields(Model):
    """`token` is left out for on_account."""

    method: Origin
    token: Origin | None = None


class AddressFields(Model):
    name: Origin
    address: Origin
    city: Origin
    postal_code: Origin
    country: Origin


class OrderFields(Model):
    """Fields of the header. `source` is the source file's name and is not mapped."""

    external_id: Origin
    ordered_at: Origin
    customer_id: Origin
    currency: Origin
    total: Origin
    payment: PaymentFields
    ship_to: AddressFields


class LineFields(Model):
    line: Origin
    sku: Origin
    quantity: Origin
    unit_price: Origin
    tax_rate: Origin
