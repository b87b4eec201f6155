/* SPDX-License-Identifier: GPL-2.0-only */
/* SHA-384 in user space, for tests that check a launch measurement. */
#ifndef SELFTEST_KVM_SHA384_H
#define SELFTEST_KVM_SHA384_H

#include <stddef.h>
#include <stdint.h>

#define SHA384_SIZE	48

struct sha384 {
	uint64_t hash[8];
	uint64_t total;		/* bytes so far */
	uint8_t block[128];
};

void sha384_start(struct sha384 *s);
void sha384_add(struct sha384 *s, const void *data, size_t len);
void sha384_end(struct sha384 *s, uint8_t digest[SHA384_SIZE]);
void sha384_of(const void *data, size_t len, uint8_t digest[SHA384_SIZE]);

void sha384_to_hex(const uint8_t digest[SHA384_SIZE], char hex[2 * SHA384_SIZE + 1]);
void sha384_from_hex(const char *hex, uint8_t digest[SHA384_SIZE]);
void sha384_expect(const uint8_t got[SHA384_SIZE], const uint8_t want[SHA384_SIZE],
		   const char *what);

#endif /* SELFTEST_KVM_SHA384_H */
