"""An AWS cloud of one machine: moto's backends, and on top of them what moto lacks for DMS."""
