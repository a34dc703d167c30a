"""What can go wrong, by what the caller should do about it. Docstrings are default messages."""


class MaildError(Exception):
    """Something went wrong."""

    exit_code = 70

    def __init__(self, message: str = "") -> None:
        super().__init__(message or (self.__doc__ or "").strip())


class ConfigError(MaildError):
    """The configuration can't be used."""

    exit_code = 2


class NotFound(MaildError):
    """There is no such ticket, message or report."""

    exit_code = 3


class Temporary(MaildError):
    """It did not work now; trying again later may."""

    exit_code = 75


class Permanent(MaildError):
    """It will not work however often it is tried."""

    exit_code = 70


class StoreUnusable(MaildError):
    """The store is damaged or of a newer version; nothing was written."""

    exit_code = 78
