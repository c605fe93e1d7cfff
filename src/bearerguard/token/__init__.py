"""Is it genuine, for us, and now?"""
