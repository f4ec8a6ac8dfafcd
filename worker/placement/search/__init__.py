"""Search: from a request and the providers as they are to candidates, or to the reasons why there is none."""
