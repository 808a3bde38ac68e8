"""A third kind of store, made as any new kind would be: one folder with a factory, and one line in `store_kinds`."""
