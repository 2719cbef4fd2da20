/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
/* Never compared: features are detected. bcc's macros want both to exist. */
#define LINUX_VERSION_CODE 0
#define KERNEL_VERSION(a, b, c) (((a) << 16) + ((b) << 8) + (c))
