"""The composition root in parts; `application.Application` is all of them together.

Everything is made when it is first used, and imported there, so that a function pays only for what it needs.
"""
