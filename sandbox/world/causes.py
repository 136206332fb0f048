"""Why a call ended, as its hang-up URL is told (docs/plivo.md 22.4, 23.3)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cause:
    """`telephony` is the name in the network, `code` Plivo's, `source` who ended it."""

    name: str
    code: int
    source: str
    telephony: str = "NORMAL_CLEARING"

    def fields(self) -> dict[str, str]:
        """As they are sent."""
        return {
            "HangupCause": self.telephony,
            "HangupCauseName": self.name,
            "HangupCauseCode": str(self.code),
            "HangupSource": self.source,
        }


BY_CALLER = Cause("Normal Hangup", 4000, "Caller")
BY_API = Cause("Normal Hangup", 4000, "API Request")
BY_XML = Cause("Normal Hangup", 4000, "Answer XML")
END_OF_XML = Cause("End Of XML Instructions", 4010, "Plivo")
_NO_2XX, _NO_XML = "URL unreachable", "Bad XML"
BAD_ANSWERS = {
    ("answer", "no 2xx"): Cause(_NO_2XX, 7011, "Error"),
    ("action", "no 2xx"): Cause(_NO_2XX, 7012, "Error"),
    ("get_digits", "no 2xx"): Cause(_NO_2XX, 7012, "Error"),
    ("redirect", "no 2xx"): Cause(_NO_2XX, 7014, "Error"),
    ("answer", "XML"): Cause(_NO_XML, 8011, "Error"),
    ("action", "XML"): Cause(_NO_XML, 8012, "Error"),
    ("get_digits", "XML"): Cause(_NO_XML, 8012, "Error"),
    ("redirect", "XML"): Cause(_NO_XML, 8014, "Error"),
}
"""By the request whose answer could not be used; 7012 by analogy with 8012."""
REFUSED = {
    "rejected": Cause("Rejected", 3020, "Answer XML", "CALL_REJECTED"),
    "busy": Cause("Busy", 3010, "Answer XML", "USER_BUSY"),
}
"""By `reason`, of a call that was not answered before `<Hangup>`."""
