"""How many examples laws run: `few` on extra Pythons, `quick`, `default`, `deep`."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# Shared machines stall now and then: a slow example is not a wrong one. Laws of changes
# draw some that are refused, and drop them: with few examples that may be most.
_COMMON = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)

settings.register_profile("few", _COMMON, max_examples=5)
settings.register_profile("quick", _COMMON, max_examples=20)
settings.register_profile("default", _COMMON, max_examples=80)
settings.register_profile("deep", _COMMON, max_examples=2_000)
settings.load_profile("default")
