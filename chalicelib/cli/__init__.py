"""The commands behind `python -m chalicelib`: `operators/` run a stage, `developers/` write and print what is derived.

A command is a row in `commands.py` and a module of the row's name with two functions:

    add_arguments(parser)            its arguments; `--stage` is added to those that need one
    run(options, context) -> int     0 done, 1 could not; raises NotDone, WrongCall, OrderbridgeError, OSError
"""
