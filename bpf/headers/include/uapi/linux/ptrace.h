#pragma once
/* Only so that bcc's prototypes parse; no program here reads registers. */
struct pt_regs;
