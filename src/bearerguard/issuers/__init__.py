"""What each issuer's tokens look like."""
