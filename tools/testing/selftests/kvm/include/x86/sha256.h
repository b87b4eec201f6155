/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SHA-256 and HMAC for tests that check a measurement: written from FIPS 180-4
 * and RFC 2104, shares no code with the kernel.
 */
#ifndef SELFTEST_KVM_SHA256_H
#define SELFTEST_KVM_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_SIZE	32
#define SHA256_BLOCK	64

struct sha256 {
	uint32_t	h[8];
	uint64_t	len;
	uint8_t		block[SHA256_BLOCK];
};

void sha256_start(struct sha256 *s);
void sha256_add(struct sha256 *s, const void *data, size_t len);
/* Leaves @s as it is, so that more can be added. */
void sha256_digest(const struct sha256 *s, uint8_t digest[SHA256_SIZE]);

/* @key_len is that of a block at most. */
void hmac_sha256_of(const void *key, size_t key_len, const void *data, size_t len,
		    uint8_t mac[SHA256_SIZE]);

#endif /* SELFTEST_KVM_SHA256_H */
