"""One file for each vendor: what its issuers publish, what its tokens hold, how it is trusted."""
