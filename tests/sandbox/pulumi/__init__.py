"""The stand-in for the pulumi CLI that CD tasks of the sandbox find on their path where there is no
real one. It reads the program as Pulumi would (names, references, commands, options, outputs), and
makes the resources through the sandbox's CloudFormation, from the graph that lies beside the
program: the provider's own code is not here. That the program says what the graph says is what
tests/pulumi shows.
"""
