/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
/* Only so that bcc's prototypes parse; where the registers are, BTF says (-D ARGUMENT_<N>). */
struct pt_regs;
