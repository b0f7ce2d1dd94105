# Generated from openapi.yaml by openapi-python-client: do not edit, run `make generate`.
from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.order_known_order_method import OrderKnownOrderMethod
from ..models.order_known_order_status import OrderKnownOrderStatus
from ..models.order_known_order_type import OrderKnownOrderType
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.order_addons_type_0 import OrderAddonsType0
    from ..models.order_metadata_type_0 import OrderMetadataType0
    from ..models.order_sub_account_type_0 import OrderSubAccountType0


T = TypeVar("T", bound="Order")


@_attrs_define
class Order:
    """An order as the server returns it.

    Only `id` and `status` are required; which other fields are present differs between the documents. A field that
    the server did not send is `UNSET`. Fields that this contract does not list are kept in `additional_properties`.

    No value is converted: times are strings, and amounts of money are integers in US cents. The known words of
    `status`, `type` and `method` are open sets; any other word is returned as a string.

    """

    id: int
    """ ID of the order. The client verifies that it is the requested one. """
    status: OrderKnownOrderStatus | str
    """ Status of the order. The order is cancelled if this is `cancelled`; compare without regard to case.

    `reviewing`: can still be cancelled, for about one hour. `processing`: being sent to the printer network.
    `printed`: sent to the printer network completely. `fulfilled`: all processing is done. `shipped`: the
    pieces were shipped. `delivered`: a piece was delivered. `cancelled`: cancelled by the customer. `paused`:
    not defined; sends are paused when the balance would become negative and automatic recharge is off.
    `error`: nothing could be printed (the lower-case form is inferred).

    Cancel responses contain the lower-case word, list and track responses the display form, in which
    `processing` is Printing. """
    user_id: int | Unset = UNSET
    """ ID of the user who owns the account. """
    sub_account_id: int | None | Unset = UNSET
    """ ID of the sub-account of the order; null if there is none. """
    sub_account: None | OrderSubAccountType0 | Unset = UNSET
    """ Sub-account of the order. Only seen in responses of the send operations. """
    type_: OrderKnownOrderType | str | Unset = UNSET
    """ Kind of mail. `magnacard` and `postcard6x9` are not in the vendor's own enum. """
    size: None | str | Unset = UNSET
    """ Size of a postcard, such as `4x6`, `6x9` or `6x11`. Missing or null for other kinds of mail. """
    message: str | Unset = UNSET
    """ Text of the mail, with merge tags such as `%FIRST_NAME%` and line breaks (CRLF or LF). Private: do not log.
    """
    message_template_id: int | None | Unset = UNSET
    """ ID of the message template; null if none was used. """
    image_template_id: int | None | Unset = UNSET
    """ ID of the image template; null if none was used. """
    style: int | Unset = UNSET
    """ ID of the handwriting style. """
    handwriting_color: None | str | Unset = UNSET
    """ Color of the handwriting, such as `#000001` or `rgba(...)`. """
    handwriting_image: Any | Unset = UNSET
    """ Only null was ever seen; the type when set is unknown. """
    font_size: str | Unset = UNSET
    """ One of `auto`, `small`, `medium` and `large`. """
    realism: int | Unset = UNSET
    """ How realistic the handwriting is, as a number (inferred from the name). The example of 2026 has
    `handwriting_realism` instead. """
    handwriting_realism: bool | Unset = UNSET
    """ Whether the handwriting varies as if written by hand (inferred from the name). Replaces `realism`. """
    addons: None | OrderAddonsType0 | Unset = UNSET
    """ Extras of the order, such as `standardmail` set to `on`; null if there are none. Other keys are possible.
    """
    envelope_id: Any | Unset = UNSET
    """ Only null was ever seen; the type when set is unknown. """
    front_image: str | Unset = UNSET
    """ URL of the front image. """
    back_image: None | str | Unset = UNSET
    """ URL of the back image (inferred from the name). Only null and the empty string were ever seen. """
    preview_images: list[str] | Unset = UNSET
    """ URLs of preview images. """
    thumbnail_images: list[str] | Unset = UNSET
    """ URLs of thumbnail images. """
    high_quality_preview: None | str | Unset = UNSET
    """ URL of a PDF preview of the order; null or the empty string if there is none. """
    is_dynamic: int | Unset = UNSET
    """ 1 if the front image is generated per recipient (inferred from the name). """
    dynamic_image_url: Any | Unset = UNSET
    """ Only null was ever seen; the type when set is unknown. """
    append_or_current_resident: bool | int | Unset = UNSET
    """ Whether "or current resident" is added to the address (inferred from the name). An integer in the cancel
    response, a boolean in responses of the send operations. """
    custom_background_url: None | str | Unset = UNSET
    """ URL of a custom background image. """
    additional_letter_pages: Any | Unset = UNSET
    """ Only null was ever seen; the type when set is unknown. """
    additional_letter_pages_count: int | Unset = UNSET
    """ Number of additional letter pages. """
    skip_creative_generation: int | Unset = UNSET
    """ 1 if no artwork is generated (inferred from the name). """
    giftcard_brand: None | str | Unset = UNSET
    """ Brand of the gift card, such as `amazonus`; null if there is no gift card. """
    giftcard_brand_longname: str | Unset = UNSET
    """ Display name of the gift card's brand; the empty string if there is no gift card. """
    giftcard_image: None | str | Unset = UNSET
    """ URL of the gift card's image; null if there is no gift card. """
    giftcard_amount: int | None | Unset = UNSET
    """ Value of the gift card in US cents; null if there is no gift card. """
    qrcode_url: None | str | Unset = UNSET
    """ URL that the printed QR code opens (inferred from the name). """
    share_image: Any | Unset = UNSET
    """ Only null was ever seen; the type when set is unknown. """
    share_url: str | Unset = UNSET
    """ URL of the page on which the order can be shared (inferred from the name and the example). """
    allow_share: int | Unset = UNSET
    """ 1 if the order may be shared (inferred from the name). """
    mailing_lists: Any | Unset = UNSET
    """ Only null was ever seen; the type when set is unknown. """
    mailing_list_ids_used: None | str | Unset = UNSET
    """ IDs of the mailing lists, separated by commas; null or the empty string if there are none. """
    campaign_id: Any | Unset = UNSET
    """ Only null was ever seen; the type when set is unknown. """
    recipients: list[Any] | Unset = UNSET
    """ Recipients that were sent with the order. Private: do not log. Only seen in responses of the send
    operations. """
    total_estimated_recipients: int | Unset = UNSET
    """ Number of recipients when the order was placed. """
    total_recipients: int | Unset = UNSET
    """ Current number of recipients (that it is the current number is inferred from the recorded example, in which
    it is 0 after the cancellation). """
    recipient_count: int | Unset = UNSET
    """ Number of recipients. Only seen in lists. """
    authorization_total: int | Unset = UNSET
    """ Amount authorized for the order, in US cents. It does not show a refund: in the recorded example it is
    unchanged after the cancellation. """
    grand_total: int | Unset = UNSET
    """ Current total of the order, in US cents. That it is the current total is inferred from the recorded example,
    in which it is 0 after the cancellation; the unit is inferred because examples show the same values as in fields
    that are documented as cents. """
    order_total: int | Unset = UNSET
    """ Total of the order, in US cents (the unit is inferred, as for `grand_total`). Only seen in lists. """
    sales_tax_total: int | Unset = UNSET
    """ Sales tax, in US cents (the unit is inferred, as for `grand_total`). """
    leads_fee: int | Unset = UNSET
    """ Fee for leads, in US cents. """
    transaction_id: int | Unset = UNSET
    """ ID of a transaction, apparently the payment (inferred from the name). """
    settled: int | Unset = UNSET
    """ 1 if the order has been settled (inferred from the name). """
    display_status: str | Unset = UNSET
    """ Display form of the status. Use `status` for decisions. """
    method: OrderKnownOrderMethod | str | Unset = UNSET
    """ How the order was placed. Cancel responses contain the lower-case word, list and track responses the display
    form. """
    display_trigger: str | Unset = UNSET
    """ Display form of the method, in which `drip` is Campaign. """
    display_type: str | Unset = UNSET
    """ Display form of the type and the size. """
    display_addons: str | Unset = UNSET
    """ Display form of the extras; the empty string if there are none. """
    cancellable: bool | Unset = UNSET
    """ Whether the order can still be cancelled. Only seen in lists, never in a cancel response. """
    email_cc: Any | Unset = UNSET
    """ Only null was ever seen; the type when set is unknown. """
    notifications: Any | Unset = UNSET
    """ Only null was ever seen; the type when set is unknown. """
    return_name: None | str | Unset = UNSET
    """ Name in the return address. Private: do not log. """
    return_address: None | str | Unset = UNSET
    """ Street in the return address. Private: do not log. """
    return_address2: None | str | Unset = UNSET
    """ Second line of the return address. Private: do not log. """
    return_city: None | str | Unset = UNSET
    """ City in the return address. Private: do not log. """
    return_province: None | str | Unset = UNSET
    """ State or province in the return address. Private: do not log. """
    return_postal_code: None | str | Unset = UNSET
    """ Postal code in the return address, a string such as "07095". Private: do not log. """
    session_id: Any | Unset = UNSET
    """ Only null was ever seen; the type when set is unknown. """
    total_scans: int | Unset = UNSET
    """ Number of scans of the printed QR code (inferred from the name). """
    unique_scans: int | Unset = UNSET
    """ Number of people who scanned the printed QR code (inferred from the name). """
    last_scan: None | str | Unset = UNSET
    """ Time of the last scan of the printed QR code; null if there was none. That it is a date string is inferred
    from the field of the same name of a mailing list. """
    metadata: None | OrderMetadataType0 | Unset = UNSET
    """ Data that the customer attached to the order, returned as it was sent; null if there is none. At most 8,192
    bytes as JSON, possibly nested. May be private. """
    created_at: str | Unset = UNSET
    """ Time at which the order was placed, in UTC (inferred), as `2020-04-06 00:20:31` or
    `2025-09-08T16:05:12.000000Z`. Old list responses had an object with the keys `date`, `timezone_type` and
    `timezone` instead, which this contract does not allow. Missing in the newer cancel examples. """
    updated_at: str | Unset = UNSET
    """ Time of the last change of the order, in the same forms as `created_at`. Missing in the newer cancel
    examples. """
    replayed_from_order_id: int | Unset = UNSET
    """ ID of the order that this one repeats. Only seen in responses of the replay operation. """
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.order_addons_type_0 import OrderAddonsType0  # noqa: PLC0415
        from ..models.order_metadata_type_0 import OrderMetadataType0  # noqa: PLC0415
        from ..models.order_sub_account_type_0 import OrderSubAccountType0  # noqa: PLC0415

        id = self.id

        status: str
        if isinstance(self.status, OrderKnownOrderStatus):
            status = self.status.value
        else:
            status = self.status

        user_id = self.user_id

        sub_account_id: int | None | Unset
        if isinstance(self.sub_account_id, Unset):
            sub_account_id = UNSET
        else:
            sub_account_id = self.sub_account_id

        sub_account: dict[str, Any] | None | Unset
        if isinstance(self.sub_account, Unset):
            sub_account = UNSET
        elif isinstance(self.sub_account, OrderSubAccountType0):
            sub_account = self.sub_account.to_dict()
        else:
            sub_account = self.sub_account

        type_: str | Unset
        if isinstance(self.type_, Unset):
            type_ = UNSET
        elif isinstance(self.type_, OrderKnownOrderType):
            type_ = self.type_.value
        else:
            type_ = self.type_

        size: None | str | Unset
        if isinstance(self.size, Unset):
            size = UNSET
        else:
            size = self.size

        message = self.message

        message_template_id: int | None | Unset
        if isinstance(self.message_template_id, Unset):
            message_template_id = UNSET
        else:
            message_template_id = self.message_template_id

        image_template_id: int | None | Unset
        if isinstance(self.image_template_id, Unset):
            image_template_id = UNSET
        else:
            image_template_id = self.image_template_id

        style = self.style

        handwriting_color: None | str | Unset
        if isinstance(self.handwriting_color, Unset):
            handwriting_color = UNSET
        else:
            handwriting_color = self.handwriting_color

        handwriting_image = self.handwriting_image

        font_size = self.font_size

        realism = self.realism

        handwriting_realism = self.handwriting_realism

        addons: dict[str, Any] | None | Unset
        if isinstance(self.addons, Unset):
            addons = UNSET
        elif isinstance(self.addons, OrderAddonsType0):
            addons = self.addons.to_dict()
        else:
            addons = self.addons

        envelope_id = self.envelope_id

        front_image = self.front_image

        back_image: None | str | Unset
        if isinstance(self.back_image, Unset):
            back_image = UNSET
        else:
            back_image = self.back_image

        preview_images: list[str] | Unset = UNSET
        if not isinstance(self.preview_images, Unset):
            preview_images = self.preview_images

        thumbnail_images: list[str] | Unset = UNSET
        if not isinstance(self.thumbnail_images, Unset):
            thumbnail_images = self.thumbnail_images

        high_quality_preview: None | str | Unset
        if isinstance(self.high_quality_preview, Unset):
            high_quality_preview = UNSET
        else:
            high_quality_preview = self.high_quality_preview

        is_dynamic = self.is_dynamic

        dynamic_image_url = self.dynamic_image_url

        append_or_current_resident: bool | int | Unset
        if isinstance(self.append_or_current_resident, Unset):
            append_or_current_resident = UNSET
        else:
            append_or_current_resident = self.append_or_current_resident

        custom_background_url: None | str | Unset
        if isinstance(self.custom_background_url, Unset):
            custom_background_url = UNSET
        else:
            custom_background_url = self.custom_background_url

        additional_letter_pages = self.additional_letter_pages

        additional_letter_pages_count = self.additional_letter_pages_count

        skip_creative_generation = self.skip_creative_generation

        giftcard_brand: None | str | Unset
        if isinstance(self.giftcard_brand, Unset):
            giftcard_brand = UNSET
        else:
            giftcard_brand = self.giftcard_brand

        giftcard_brand_longname = self.giftcard_brand_longname

        giftcard_image: None | str | Unset
        if isinstance(self.giftcard_image, Unset):
            giftcard_image = UNSET
        else:
            giftcard_image = self.giftcard_image

        giftcard_amount: int | None | Unset
        if isinstance(self.giftcard_amount, Unset):
            giftcard_amount = UNSET
        else:
            giftcard_amount = self.giftcard_amount

        qrcode_url: None | str | Unset
        if isinstance(self.qrcode_url, Unset):
            qrcode_url = UNSET
        else:
            qrcode_url = self.qrcode_url

        share_image = self.share_image

        share_url = self.share_url

        allow_share = self.allow_share

        mailing_lists = self.mailing_lists

        mailing_list_ids_used: None | str | Unset
        if isinstance(self.mailing_list_ids_used, Unset):
            mailing_list_ids_used = UNSET
        else:
            mailing_list_ids_used = self.mailing_list_ids_used

        campaign_id = self.campaign_id

        recipients: list[Any] | Unset = UNSET
        if not isinstance(self.recipients, Unset):
            recipients = self.recipients

        total_estimated_recipients = self.total_estimated_recipients

        total_recipients = self.total_recipients

        recipient_count = self.recipient_count

        authorization_total = self.authorization_total

        grand_total = self.grand_total

        order_total = self.order_total

        sales_tax_total = self.sales_tax_total

        leads_fee = self.leads_fee

        transaction_id = self.transaction_id

        settled = self.settled

        display_status = self.display_status

        method: str | Unset
        if isinstance(self.method, Unset):
            method = UNSET
        elif isinstance(self.method, OrderKnownOrderMethod):
            method = self.method.value
        else:
            method = self.method

        display_trigger = self.display_trigger

        display_type = self.display_type

        display_addons = self.display_addons

        cancellable = self.cancellable

        email_cc = self.email_cc

        notifications = self.notifications

        return_name: None | str | Unset
        if isinstance(self.return_name, Unset):
            return_name = UNSET
        else:
            return_name = self.return_name

        return_address: None | str | Unset
        if isinstance(self.return_address, Unset):
            return_address = UNSET
        else:
            return_address = self.return_address

        return_address2: None | str | Unset
        if isinstance(self.return_address2, Unset):
            return_address2 = UNSET
        else:
            return_address2 = self.return_address2

        return_city: None | str | Unset
        if isinstance(self.return_city, Unset):
            return_city = UNSET
        else:
            return_city = self.return_city

        return_province: None | str | Unset
        if isinstance(self.return_province, Unset):
            return_province = UNSET
        else:
            return_province = self.return_province

        return_postal_code: None | str | Unset
        if isinstance(self.return_postal_code, Unset):
            return_postal_code = UNSET
        else:
            return_postal_code = self.return_postal_code

        session_id = self.session_id

        total_scans = self.total_scans

        unique_scans = self.unique_scans

        last_scan: None | str | Unset
        if isinstance(self.last_scan, Unset):
            last_scan = UNSET
        else:
            last_scan = self.last_scan

        metadata: dict[str, Any] | None | Unset
        if isinstance(self.metadata, Unset):
            metadata = UNSET
        elif isinstance(self.metadata, OrderMetadataType0):
            metadata = self.metadata.to_dict()
        else:
            metadata = self.metadata

        created_at = self.created_at

        updated_at = self.updated_at

        replayed_from_order_id = self.replayed_from_order_id

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "status": status,
            }
        )
        if user_id is not UNSET:
            field_dict["user_id"] = user_id
        if sub_account_id is not UNSET:
            field_dict["sub_account_id"] = sub_account_id
        if sub_account is not UNSET:
            field_dict["sub_account"] = sub_account
        if type_ is not UNSET:
            field_dict["type"] = type_
        if size is not UNSET:
            field_dict["size"] = size
        if message is not UNSET:
            field_dict["message"] = message
        if message_template_id is not UNSET:
            field_dict["message_template_id"] = message_template_id
        if image_template_id is not UNSET:
            field_dict["image_template_id"] = image_template_id
        if style is not UNSET:
            field_dict["style"] = style
        if handwriting_color is not UNSET:
            field_dict["handwriting_color"] = handwriting_color
        if handwriting_image is not UNSET:
            field_dict["handwriting_image"] = handwriting_image
        if font_size is not UNSET:
            field_dict["font_size"] = font_size
        if realism is not UNSET:
            field_dict["realism"] = realism
        if handwriting_realism is not UNSET:
            field_dict["handwriting_realism"] = handwriting_realism
        if addons is not UNSET:
            field_dict["addons"] = addons
        if envelope_id is not UNSET:
            field_dict["envelope_id"] = envelope_id
        if front_image is not UNSET:
            field_dict["front_image"] = front_image
        if back_image is not UNSET:
            field_dict["back_image"] = back_image
        if preview_images is not UNSET:
            field_dict["preview_images"] = preview_images
        if thumbnail_images is not UNSET:
            field_dict["thumbnail_images"] = thumbnail_images
        if high_quality_preview is not UNSET:
            field_dict["high_quality_preview"] = high_quality_preview
        if is_dynamic is not UNSET:
            field_dict["is_dynamic"] = is_dynamic
        if dynamic_image_url is not UNSET:
            field_dict["dynamic_image_url"] = dynamic_image_url
        if append_or_current_resident is not UNSET:
            field_dict["append_or_current_resident"] = append_or_current_resident
        if custom_background_url is not UNSET:
            field_dict["custom_background_url"] = custom_background_url
        if additional_letter_pages is not UNSET:
            field_dict["additional_letter_pages"] = additional_letter_pages
        if additional_letter_pages_count is not UNSET:
            field_dict["additional_letter_pages_count"] = additional_letter_pages_count
        if skip_creative_generation is not UNSET:
            field_dict["skip_creative_generation"] = skip_creative_generation
        if giftcard_brand is not UNSET:
            field_dict["giftcard_brand"] = giftcard_brand
        if giftcard_brand_longname is not UNSET:
            field_dict["giftcard_brand_longname"] = giftcard_brand_longname
        if giftcard_image is not UNSET:
            field_dict["giftcard_image"] = giftcard_image
        if giftcard_amount is not UNSET:
            field_dict["giftcard_amount"] = giftcard_amount
        if qrcode_url is not UNSET:
            field_dict["qrcode_url"] = qrcode_url
        if share_image is not UNSET:
            field_dict["share_image"] = share_image
        if share_url is not UNSET:
            field_dict["share_url"] = share_url
        if allow_share is not UNSET:
            field_dict["allow_share"] = allow_share
        if mailing_lists is not UNSET:
            field_dict["mailing_lists"] = mailing_lists
        if mailing_list_ids_used is not UNSET:
            field_dict["mailing_list_ids_used"] = mailing_list_ids_used
        if campaign_id is not UNSET:
            field_dict["campaign_id"] = campaign_id
        if recipients is not UNSET:
            field_dict["recipients"] = recipients
        if total_estimated_recipients is not UNSET:
            field_dict["total_estimated_recipients"] = total_estimated_recipients
        if total_recipients is not UNSET:
            field_dict["total_recipients"] = total_recipients
        if recipient_count is not UNSET:
            field_dict["recipient_count"] = recipient_count
        if authorization_total is not UNSET:
            field_dict["authorization_total"] = authorization_total
        if grand_total is not UNSET:
            field_dict["grand_total"] = grand_total
        if order_total is not UNSET:
            field_dict["order_total"] = order_total
        if sales_tax_total is not UNSET:
            field_dict["sales_tax_total"] = sales_tax_total
        if leads_fee is not UNSET:
            field_dict["leads_fee"] = leads_fee
        if transaction_id is not UNSET:
            field_dict["transaction_id"] = transaction_id
        if settled is not UNSET:
            field_dict["settled"] = settled
        if display_status is not UNSET:
            field_dict["display_status"] = display_status
        if method is not UNSET:
            field_dict["method"] = method
        if display_trigger is not UNSET:
            field_dict["display_trigger"] = display_trigger
        if display_type is not UNSET:
            field_dict["display_type"] = display_type
        if display_addons is not UNSET:
            field_dict["display_addons"] = display_addons
        if cancellable is not UNSET:
            field_dict["cancellable"] = cancellable
        if email_cc is not UNSET:
            field_dict["email_cc"] = email_cc
        if notifications is not UNSET:
            field_dict["notifications"] = notifications
        if return_name is not UNSET:
            field_dict["return_name"] = return_name
        if return_address is not UNSET:
            field_dict["return_address"] = return_address
        if return_address2 is not UNSET:
            field_dict["return_address2"] = return_address2
        if return_city is not UNSET:
            field_dict["return_city"] = return_city
        if return_province is not UNSET:
            field_dict["return_province"] = return_province
        if return_postal_code is not UNSET:
            field_dict["return_postal_code"] = return_postal_code
        if session_id is not UNSET:
            field_dict["session_id"] = session_id
        if total_scans is not UNSET:
            field_dict["total_scans"] = total_scans
        if unique_scans is not UNSET:
            field_dict["unique_scans"] = unique_scans
        if last_scan is not UNSET:
            field_dict["last_scan"] = last_scan
        if metadata is not UNSET:
            field_dict["metadata"] = metadata
        if created_at is not UNSET:
            field_dict["created_at"] = created_at
        if updated_at is not UNSET:
            field_dict["updated_at"] = updated_at
        if replayed_from_order_id is not UNSET:
            field_dict["replayed_from_order_id"] = replayed_from_order_id

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.order_addons_type_0 import OrderAddonsType0  # noqa: PLC0415
        from ..models.order_metadata_type_0 import OrderMetadataType0  # noqa: PLC0415
        from ..models.order_sub_account_type_0 import OrderSubAccountType0  # noqa: PLC0415

        d = dict(src_dict)
        id = d.pop("id")

        def _parse_status(data: object) -> OrderKnownOrderStatus | str:
            try:
                if not isinstance(data, str):
                    raise TypeError()
                status_known_order_status = OrderKnownOrderStatus(data)

                return status_known_order_status
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(OrderKnownOrderStatus | str, data)

        status = _parse_status(d.pop("status"))

        user_id = d.pop("user_id", UNSET)

        def _parse_sub_account_id(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        sub_account_id = _parse_sub_account_id(d.pop("sub_account_id", UNSET))

        def _parse_sub_account(data: object) -> None | OrderSubAccountType0 | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                sub_account_type_0 = OrderSubAccountType0.from_dict(data)

                return sub_account_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | OrderSubAccountType0 | Unset, data)

        sub_account = _parse_sub_account(d.pop("sub_account", UNSET))

        def _parse_type_(data: object) -> OrderKnownOrderType | str | Unset:
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                type_known_order_type = OrderKnownOrderType(data)

                return type_known_order_type
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(OrderKnownOrderType | str | Unset, data)

        type_ = _parse_type_(d.pop("type", UNSET))

        def _parse_size(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        size = _parse_size(d.pop("size", UNSET))

        message = d.pop("message", UNSET)

        def _parse_message_template_id(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        message_template_id = _parse_message_template_id(d.pop("message_template_id", UNSET))

        def _parse_image_template_id(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        image_template_id = _parse_image_template_id(d.pop("image_template_id", UNSET))

        style = d.pop("style", UNSET)

        def _parse_handwriting_color(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        handwriting_color = _parse_handwriting_color(d.pop("handwriting_color", UNSET))

        handwriting_image = d.pop("handwriting_image", UNSET)

        font_size = d.pop("font_size", UNSET)

        realism = d.pop("realism", UNSET)

        handwriting_realism = d.pop("handwriting_realism", UNSET)

        def _parse_addons(data: object) -> None | OrderAddonsType0 | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                addons_type_0 = OrderAddonsType0.from_dict(data)

                return addons_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | OrderAddonsType0 | Unset, data)

        addons = _parse_addons(d.pop("addons", UNSET))

        envelope_id = d.pop("envelope_id", UNSET)

        front_image = d.pop("front_image", UNSET)

        def _parse_back_image(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        back_image = _parse_back_image(d.pop("back_image", UNSET))

        preview_images = cast(list[str], d.pop("preview_images", UNSET))

        thumbnail_images = cast(list[str], d.pop("thumbnail_images", UNSET))

        def _parse_high_quality_preview(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        high_quality_preview = _parse_high_quality_preview(d.pop("high_quality_preview", UNSET))

        is_dynamic = d.pop("is_dynamic", UNSET)

        dynamic_image_url = d.pop("dynamic_image_url", UNSET)

        def _parse_append_or_current_resident(data: object) -> bool | int | Unset:
            if isinstance(data, Unset):
                return data
            return cast(bool | int | Unset, data)

        append_or_current_resident = _parse_append_or_current_resident(d.pop("append_or_current_resident", UNSET))

        def _parse_custom_background_url(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        custom_background_url = _parse_custom_background_url(d.pop("custom_background_url", UNSET))

        additional_letter_pages = d.pop("additional_letter_pages", UNSET)

        additional_letter_pages_count = d.pop("additional_letter_pages_count", UNSET)

        skip_creative_generation = d.pop("skip_creative_generation", UNSET)

        def _parse_giftcard_brand(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        giftcard_brand = _parse_giftcard_brand(d.pop("giftcard_brand", UNSET))

        giftcard_brand_longname = d.pop("giftcard_brand_longname", UNSET)

        def _parse_giftcard_image(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        giftcard_image = _parse_giftcard_image(d.pop("giftcard_image", UNSET))

        def _parse_giftcard_amount(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        giftcard_amount = _parse_giftcard_amount(d.pop("giftcard_amount", UNSET))

        def _parse_qrcode_url(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        qrcode_url = _parse_qrcode_url(d.pop("qrcode_url", UNSET))

        share_image = d.pop("share_image", UNSET)

        share_url = d.pop("share_url", UNSET)

        allow_share = d.pop("allow_share", UNSET)

        mailing_lists = d.pop("mailing_lists", UNSET)

        def _parse_mailing_list_ids_used(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        mailing_list_ids_used = _parse_mailing_list_ids_used(d.pop("mailing_list_ids_used", UNSET))

        campaign_id = d.pop("campaign_id", UNSET)

        recipients = cast(list[Any], d.pop("recipients", UNSET))

        total_estimated_recipients = d.pop("total_estimated_recipients", UNSET)

        total_recipients = d.pop("total_recipients", UNSET)

        recipient_count = d.pop("recipient_count", UNSET)

        authorization_total = d.pop("authorization_total", UNSET)

        grand_total = d.pop("grand_total", UNSET)

        order_total = d.pop("order_total", UNSET)

        sales_tax_total = d.pop("sales_tax_total", UNSET)

        leads_fee = d.pop("leads_fee", UNSET)

        transaction_id = d.pop("transaction_id", UNSET)

        settled = d.pop("settled", UNSET)

        display_status = d.pop("display_status", UNSET)

        def _parse_method(data: object) -> OrderKnownOrderMethod | str | Unset:
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                method_known_order_method = OrderKnownOrderMethod(data)

                return method_known_order_method
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(OrderKnownOrderMethod | str | Unset, data)

        method = _parse_method(d.pop("method", UNSET))

        display_trigger = d.pop("display_trigger", UNSET)

        display_type = d.pop("display_type", UNSET)

        display_addons = d.pop("display_addons", UNSET)

        cancellable = d.pop("cancellable", UNSET)

        email_cc = d.pop("email_cc", UNSET)

        notifications = d.pop("notifications", UNSET)

        def _parse_return_name(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        return_name = _parse_return_name(d.pop("return_name", UNSET))

        def _parse_return_address(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        return_address = _parse_return_address(d.pop("return_address", UNSET))

        def _parse_return_address2(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        return_address2 = _parse_return_address2(d.pop("return_address2", UNSET))

        def _parse_return_city(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        return_city = _parse_return_city(d.pop("return_city", UNSET))

        def _parse_return_province(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        return_province = _parse_return_province(d.pop("return_province", UNSET))

        def _parse_return_postal_code(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        return_postal_code = _parse_return_postal_code(d.pop("return_postal_code", UNSET))

        session_id = d.pop("session_id", UNSET)

        total_scans = d.pop("total_scans", UNSET)

        unique_scans = d.pop("unique_scans", UNSET)

        def _parse_last_scan(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        last_scan = _parse_last_scan(d.pop("last_scan", UNSET))

        def _parse_metadata(data: object) -> None | OrderMetadataType0 | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                metadata_type_0 = OrderMetadataType0.from_dict(data)

                return metadata_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | OrderMetadataType0 | Unset, data)

        metadata = _parse_metadata(d.pop("metadata", UNSET))

        created_at = d.pop("created_at", UNSET)

        updated_at = d.pop("updated_at", UNSET)

        replayed_from_order_id = d.pop("replayed_from_order_id", UNSET)

        order = cls(
            id=id,
            status=status,
            user_id=user_id,
            sub_account_id=sub_account_id,
            sub_account=sub_account,
            type_=type_,
            size=size,
            message=message,
            message_template_id=message_template_id,
            image_template_id=image_template_id,
            style=style,
            handwriting_color=handwriting_color,
            handwriting_image=handwriting_image,
            font_size=font_size,
            realism=realism,
            handwriting_realism=handwriting_realism,
            addons=addons,
            envelope_id=envelope_id,
            front_image=front_image,
            back_image=back_image,
            preview_images=preview_images,
            thumbnail_images=thumbnail_images,
            high_quality_preview=high_quality_preview,
            is_dynamic=is_dynamic,
            dynamic_image_url=dynamic_image_url,
            append_or_current_resident=append_or_current_resident,
            custom_background_url=custom_background_url,
            additional_letter_pages=additional_letter_pages,
            additional_letter_pages_count=additional_letter_pages_count,
            skip_creative_generation=skip_creative_generation,
            giftcard_brand=giftcard_brand,
            giftcard_brand_longname=giftcard_brand_longname,
            giftcard_image=giftcard_image,
            giftcard_amount=giftcard_amount,
            qrcode_url=qrcode_url,
            share_image=share_image,
            share_url=share_url,
            allow_share=allow_share,
            mailing_lists=mailing_lists,
            mailing_list_ids_used=mailing_list_ids_used,
            campaign_id=campaign_id,
            recipients=recipients,
            total_estimated_recipients=total_estimated_recipients,
            total_recipients=total_recipients,
            recipient_count=recipient_count,
            authorization_total=authorization_total,
            grand_total=grand_total,
            order_total=order_total,
            sales_tax_total=sales_tax_total,
            leads_fee=leads_fee,
            transaction_id=transaction_id,
            settled=settled,
            display_status=display_status,
            method=method,
            display_trigger=display_trigger,
            display_type=display_type,
            display_addons=display_addons,
            cancellable=cancellable,
            email_cc=email_cc,
            notifications=notifications,
            return_name=return_name,
            return_address=return_address,
            return_address2=return_address2,
            return_city=return_city,
            return_province=return_province,
            return_postal_code=return_postal_code,
            session_id=session_id,
            total_scans=total_scans,
            unique_scans=unique_scans,
            last_scan=last_scan,
            metadata=metadata,
            created_at=created_at,
            updated_at=updated_at,
            replayed_from_order_id=replayed_from_order_id,
        )

        order.additional_properties = d
        return order

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
