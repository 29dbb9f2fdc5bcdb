"""The whole of AWS on one machine: MiniStack, adapted to behave as AWS documents, one process to start and stop.

`local.emulator.aws.LocalAws` is what the rest of the repository uses; `local.emulator.server` is the child process that
it starts; `local.emulator.adaptations` lists every place where MiniStack is made to answer like AWS. Nothing in
`chalicelib` imports this package.
"""
