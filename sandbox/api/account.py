"""The Application and Number APIs: what each operation does and answers (docs/plivo.md 28)."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from sandbox.api import parameters
from sandbox.api.answers import Request, Result
from sandbox.callbacks.fields import BILL_RATE
from sandbox.telephony import Telephony
from sandbox.world.directory import Application, Number
from sandbox.world.errors import BadParameter, NotFound

PAGE = 20
FAR = 10**9
"""Of so many rows is none: an `offset` beyond the last is told as it was asked for."""
_NAME = re.compile(r"[A-Za-z0-9_-]+")
_METHODS = ("GET", "POST")
_OTHERS = (
    *("fallback_answer_url", "fallback_method", "message_url", "message_method"),
    *("default_number_app", "default_endpoint_app", "public_uri", "log_incoming_messages"),
    "subaccount",
)


def list_applications(lines: Telephony, request: Request) -> Result:
    found = list(lines.directory.applications.values())
    rows = [_application_body(lines, one) for one in found]
    return page(lines, "Application", rows, request.params)


def create_application(lines: Telephony, request: Request) -> Result:
    name = parameters.required(request.params, "app_name")
    if not _NAME.fullmatch(name):
        raise BadParameter("app_name parameter is invalid: letters, digits, - and _")
    parameters.required(request.params, "answer_url")
    settings = _settings(request.params)
    application = lines.directory.add(name, settings["answer_url"])
    _change(application, {"hangup_url": settings["answer_url"]} | settings, request.params)
    return Result(201, {"message": "created", "app_id": application.id})


def get_application(lines: Telephony, request: Request) -> Result:
    return Result(200, _application_body(lines, _application(lines, request)))


def update_application(lines: Telephony, request: Request) -> Result:
    application = _application(lines, request)
    _change(application, _settings(request.params), request.params)
    return Result(202, {"message": "changed"})


def delete_application(lines: Telephony, request: Request) -> Result:
    lines.directory.remove(_application(lines, request))
    return Result(204)


def list_numbers(lines: Telephony, request: Request) -> Result:
    begin = str(request.params.get("number_startswith") or "")
    found = [one for one in lines.directory.numbers.values() if one.number.startswith(begin)]
    return page(lines, "Number", [_number_body(lines, one) for one in found], request.params)


def get_number(lines: Telephony, request: Request) -> Result:
    return Result(200, _number_body(lines, _number(lines, request)))


def update_number(lines: Telephony, request: Request) -> Result:
    number = _number(lines, request)
    app_id = request.params.get("app_id")
    if app_id and str(app_id) not in lines.directory.applications:
        raise BadParameter("app_id parameter is invalid: no such application")
    if app_id is not None:
        number.app_id = str(app_id)
    if request.params.get("alias") is not None:
        number.alias = str(request.params["alias"])
    return Result(202, {"message": "changed"})


Operation = Callable[[Telephony, Request], Result]
ACCOUNT_OPERATIONS: Mapping[tuple[str, ...], Mapping[str, tuple[str, Operation]]] = {
    ("Application",): {
        "GET": ("list_applications", list_applications),
        "POST": ("create_application", create_application),
    },
    ("Application", "I"): {
        "GET": ("get_application", get_application),
        "POST": ("update_application", update_application),
        "DELETE": ("delete_application", delete_application),
    },
    ("Number",): {"GET": ("list_numbers", list_numbers)},
    ("Number", "I"): {
        "GET": ("get_number", get_number),
        "POST": ("update_number", update_number),
    },
}
"""Path after …/{auth_id}/, as a shape: I is an id. Renting and giving back are not played."""


def _settings(params: Mapping[str, Any]) -> dict[str, str]:
    """Addresses and methods that are given. Raises BadParameter."""
    urls = {name: parameters.url(params, name) for name in ("answer_url", "hangup_url")}
    methods = {
        name: parameters.one_of(params, name, _METHODS, "")
        for name in ("answer_method", "hangup_method")
    }
    return {name: value for name, value in (urls | methods).items() if value}


def _change(
    application: Application, settings: Mapping[str, str], params: Mapping[str, Any]
) -> None:
    """Only what is given."""
    for name, value in settings.items():
        setattr(application, name, value)
    application.others |= {name: params[name] for name in _OTHERS if name in params}


def _application(lines: Telephony, request: Request) -> Application:
    found = lines.directory.applications.get(request.item)
    if found is None:
        raise NotFound
    return found


def _number(lines: Telephony, request: Request) -> Number:
    found = lines.directory.number(request.item)
    if found is None:
        raise NotFound
    return found


def _application_body(lines: Telephony, one: Application) -> dict[str, Any]:
    others = one.others
    return {
        "answer_method": one.answer_method,
        "answer_url": one.answer_url,
        "app_id": one.id,
        "app_name": one.name,
        "default_app": bool(others.get("default_number_app", False)),
        "enabled": True,
        "fallback_answer_url": others.get("fallback_answer_url", ""),
        "fallback_method": others.get("fallback_method", "POST"),
        "hangup_method": one.hangup_method,
        "hangup_url": one.hangup_url,
        "log_incoming_messages": others.get("log_incoming_messages", True),
        "message_method": others.get("message_method", "POST"),
        "message_url": others.get("message_url", ""),
        "public_uri": others.get("public_uri", False),
        "resource_uri": _uri(lines, "Application", one.id),
        "sip_uri": f"sip:{one.id}@app.plivo.com",
        "sub_account": None,
    }


def _number_body(lines: Telephony, one: Number) -> dict[str, Any]:
    """With all that the official packages read: PHP's warns of each field that is not there."""
    return {
        "active": True,
        "added_on": "2026-01-01",
        "alias": one.alias,
        "application": _uri(lines, "Application", one.app_id) if one.app_id else None,
        "carrier": "Plivo",
        "city": "",
        "cnam_lookup": None,
        "country": "",
        "mms_enabled": False,
        "mms_rate": "0.00000",
        "monthly_rental_rate": "0.80000",
        "number": one.number,
        "number_type": "local",
        "region": "Sandbox",
        "renewal_date": "2027-01-01",
        "resource_uri": _uri(lines, "Number", one.number),
        "sms_enabled": False,
        "sms_rate": "0.00000",
        "sub_account": None,
        "sub_account_name": None,
        "tendlc_campaign_id": None,
        "tendlc_registration_status": None,
        "toll_free_sms_verification": None,
        "toll_free_sms_verification_id": None,
        "toll_free_sms_verification_order_status": None,
        "voice_enabled": True,
        "voice_rate": BILL_RATE,
    }


def _uri(lines: Telephony, kind: str, item: str) -> str:
    return f"/v1/Account/{lines.options.auth_id}/{kind}/{item}/"


def page(
    lines: Telephony, kind: str, rows: Sequence[dict[str, Any]], params: Mapping[str, Any]
) -> Result:
    """At most 20 of them, from `offset` on, and where the next ones are."""
    limit = parameters.whole_number(params, "limit", PAGE, 1, PAGE)
    offset = parameters.whole_number(params, "offset", 0, 0, FAR)

    def at(place: int) -> str:
        query = urlencode({"limit": limit, "offset": place})
        return f"/v1/Account/{lines.options.auth_id}/{kind}/?{query}"

    meta = {
        "limit": limit,
        "next": at(offset + limit) if offset + limit < len(rows) else None,
        "offset": offset,
        "previous": at(max(offset - limit, 0)) if offset else None,
        "total_count": len(rows),
    }
    return Result(200, {"meta": meta, "objects": list(rows[offset : offset + limit])})
