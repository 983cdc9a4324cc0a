"""The errors of the engine: those of the API, and those of one resource."""


class CfnError(Exception):
    """An API call refused: answered as CloudFormation's ErrorResponse."""

    def __init__(self, code: str, message: str, status: int = 400):
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


def validation_error(message: str) -> CfnError:
    return CfnError("ValidationError", message)


class ResourceError(Exception):
    """One resource failed: the text becomes the event's ResourceStatusReason."""


class ResourceCancelled(ResourceError):
    """The operation was cancelled while this resource was in progress."""


class NotFound(ResourceError):
    """The physical resource does not exist (a delete takes that for success)."""
