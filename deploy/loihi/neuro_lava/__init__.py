# SPDX-License-Identifier: Apache-2.0
"""Processes that connect Lava to files; Lava imports every file of this folder."""
