"""CloudFormation for the sandbox: an engine over the service APIs.

`app.CloudFormation(context).handle(action, params, ...)` answers one call.
"""
