"""Tables in an AWS account: the store, its administration, and the factory that makes both from the settings.

Only what is DynamoDB's own lives here; what all stores share is in `stores.tables`, reading tables for an import in
`stores.inputs`.
"""
