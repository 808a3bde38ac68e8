from omnix_cli.api.workspace import Workspace as Workspace
from omnix_cli.api.workspace import open_workspace as open_workspace

__version__: str
