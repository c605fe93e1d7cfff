"""Explains a token: what it is, every check of it, and what to do.

The public name is ``bearerguard.explain``.
"""

from bearerguard._explain.explainer import explain as explain
from bearerguard._explain.explanation import Explanation as Explanation
