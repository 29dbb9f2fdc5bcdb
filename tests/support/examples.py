"""How much Hypothesis tries, as a share of the profile's examples; HYPOTHESIS_PROFILE=nightly tries more of all."""

from __future__ import annotations

from typing import Any

from hypothesis import Phase, settings


def dear(divisor: int, **more: Any) -> settings:
    """For examples that take long: the profile's number divided, and no shrinking, which would take minutes."""
    count = max(5, settings().max_examples // divisor)
    return settings(max_examples=count, phases=[Phase.explicit, Phase.reuse, Phase.generate], **more)
