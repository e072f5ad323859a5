"""config.toml: read whole, checked whole, and handed on as the small settings types that the rooms declare."""

from pressrun.config.document import write_initial_config
from pressrun.config.loading import examine, find_config, find_data_dir, load_settings
from pressrun.config.problems import ConfigError
from pressrun.config.restart import changed_needing_restart
from pressrun.config.settings import Settings

__all__ = [
    "ConfigError",
    "Settings",
    "changed_needing_restart",
    "examine",
    "find_config",
    "find_data_dir",
    "load_settings",
    "write_initial_config",
]
