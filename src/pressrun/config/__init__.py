"""config.toml: read whole, checked whole, and handed on as the small settings types that the other packages declare."""

from pressrun.config.generated import write_initial_config
from pressrun.config.loader import (
    examine,
    find_closed_files,
    find_data_dir,
    find_group_socket,
    is_system_wide,
    load_settings,
    locate_config,
    names_server,
)
from pressrun.config.problems import ConfigError
from pressrun.config.settings import Settings, changed_needing_restart, keep_until_restart
from pressrun.config.shared_settings import differing_settings, fingerprint_settings

__all__ = [
    "ConfigError",
    "Settings",
    "changed_needing_restart",
    "differing_settings",
    "examine",
    "find_closed_files",
    "find_data_dir",
    "find_group_socket",
    "fingerprint_settings",
    "is_system_wide",
    "keep_until_restart",
    "load_settings",
    "locate_config",
    "names_server",
    "write_initial_config",
]
