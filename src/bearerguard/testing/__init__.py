"""Shipped for users' own tests: a local issuer, a clock that tests advance, spoiled tokens."""
