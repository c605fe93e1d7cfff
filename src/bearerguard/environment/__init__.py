"""A resource server's settings from variables of the environment."""
