"""Calling the next API: tokens by the client-credentials grant, obtained once and shared by all callers."""
