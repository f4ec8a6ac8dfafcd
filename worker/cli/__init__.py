"""The command line: one module a verb; what verbs share stands in broker, client, compose, endings, loop and screen."""
