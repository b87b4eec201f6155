/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SHA-384 for tests that check a measurement: written from FIPS 180-4, shares
 * no code with the kernel.
 */
#ifndef SELFTEST_KVM_SHA384_H
#define SELFTEST_KVM_SHA384_H

#include <stddef.h>
#include <stdint.h>

#define SHA384_SIZE	48
#define SHA384_BLOCK	128

struct sha384 {
	uint64_t	h[8];
	uint64_t	len;
	uint8_t		block[SHA384_BLOCK];
};

void sha384_start(struct sha384 *s);
void sha384_add(struct sha384 *s, const void *data, size_t len);
/* Leaves @s as it is, so that more can be added. */
void sha384_digest(const struct sha384 *s, uint8_t digest[SHA384_SIZE]);

/* Fails the test, with both of them in the message. */
void sha384_expect(const uint8_t got[SHA384_SIZE], const uint8_t want[SHA384_SIZE],
		   const char *what);

#endif /* SELFTEST_KVM_SHA384_H */
