"""Where the steps run: buckets of customers in turn on one machine, or a cluster."""
