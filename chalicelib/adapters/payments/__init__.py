"""Payment gateways: a sandbox, Stripe and credit on account, behind one router.

Every gateway keeps its promise "one charge per order and revision" with a record of each in a ledger whose first
write wins. Errors name the dependency DEPENDENCY, the name that its circuit breaker and its failure switches have, too.
"""

DEPENDENCY = "payment"
