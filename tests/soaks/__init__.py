"""Long runs that are no part of `make test`."""
