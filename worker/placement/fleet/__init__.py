"""The resident view: all providers in columns, searched without reading them one by one. numpy is used here alone."""
