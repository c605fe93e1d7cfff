"""Calling the next API: one token by the client-credentials grant, shared by all callers."""
