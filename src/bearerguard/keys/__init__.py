"""Which public key signed this?"""
