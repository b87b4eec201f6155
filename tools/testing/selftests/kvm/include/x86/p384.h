/* SPDX-License-Identifier: GPL-2.0-only */
/* ECDSA over the curve P-384: FIPS 186-5, "ECDSA Signature Verification Algorithm" */
#ifndef SELFTEST_KVM_P384_H
#define SELFTEST_KVM_P384_H

#include <stdbool.h>
#include <stdint.h>

#define P384_WORDS	6
#define P384_SIZE	48

/* The least significant word first */
struct p384 {
	uint64_t word[P384_WORDS];
};

/* @hash is the number that its bytes make, the most significant one first. */
bool p384_verify(const uint8_t hash[P384_SIZE], const struct p384 *r, const struct p384 *s,
		 const struct p384 *key_x, const struct p384 *key_y);

#endif /* SELFTEST_KVM_P384_H */
