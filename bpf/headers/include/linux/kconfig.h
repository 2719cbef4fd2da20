/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#define CONFIG_BPF_SYSCALL 1
