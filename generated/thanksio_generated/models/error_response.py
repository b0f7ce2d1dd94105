# Generated from openapi.yaml by openapi-python-client: do not edit, run `make generate`.
from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.error_response_errors_type_1 import ErrorResponseErrorsType1


T = TypeVar("T", bound="ErrorResponse")


@_attrs_define
class ErrorResponse:
    """The body of an error response. No field is present in all of them."""

    message: str | Unset = UNSET
    """ What went wrong, as a sentence. """
    status: str | Unset = UNSET
    """ The same sentence as in `message`, or the word `failed`. """
    errors: ErrorResponseErrorsType1 | list[str] | Unset = UNSET
    """ What went wrong, as a list of sentences, or as an object with a list of sentences per field. """
    code: str | Unset = UNSET
    """ Machine-readable code, such as `api_disabled_payment_failures`. """
    failure: bool | Unset = UNSET
    """ True in some refusals of the replay operation. """
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        message = self.message

        status = self.status

        errors: dict[str, Any] | list[str] | Unset
        if isinstance(self.errors, Unset):
            errors = UNSET
        elif isinstance(self.errors, list):
            errors = self.errors

        else:
            errors = self.errors.to_dict()

        code = self.code

        failure = self.failure

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if message is not UNSET:
            field_dict["message"] = message
        if status is not UNSET:
            field_dict["status"] = status
        if errors is not UNSET:
            field_dict["errors"] = errors
        if code is not UNSET:
            field_dict["code"] = code
        if failure is not UNSET:
            field_dict["failure"] = failure

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.error_response_errors_type_1 import ErrorResponseErrorsType1  # noqa: PLC0415

        d = dict(src_dict)
        message = d.pop("message", UNSET)

        status = d.pop("status", UNSET)

        def _parse_errors(data: object) -> ErrorResponseErrorsType1 | list[str] | Unset:
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                errors_type_0 = cast(list[str], data)

                return errors_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            if not isinstance(data, dict):
                raise TypeError()
            errors_type_1 = ErrorResponseErrorsType1.from_dict(data)

            return errors_type_1

        errors = _parse_errors(d.pop("errors", UNSET))

        code = d.pop("code", UNSET)

        failure = d.pop("failure", UNSET)

        error_response = cls(
            message=message,
            status=status,
            errors=errors,
            code=code,
            failure=failure,
        )

        error_response.additional_properties = d
        return error_response

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
