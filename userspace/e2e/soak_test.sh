#!/bin/sh
# Three minutes of scripts/soak: soak_test.sh BRAHE.
exec scripts/soak --brahe "$1" 180
