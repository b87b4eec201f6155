/* SPDX-License-Identifier: GPL-2.0-only */
/* AES-256-GCM, for guests as well: NIST SP 800-38D, with tags of 16 bytes */
#ifndef SELFTEST_KVM_AES_GCM_H
#define SELFTEST_KVM_AES_GCM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AES_GCM_KEY_SIZE	32
#define AES_GCM_IV_SIZE		12
#define AES_GCM_TAG_SIZE	16

/* @len bytes from @in to @out, which may be the same; @aad is authenticated only. */
struct aes_gcm_text {
	const uint8_t *iv;
	const void *aad;
	size_t aad_len;
	const uint8_t *in;
	uint8_t *out;
	size_t len;
};

void aes_gcm_encrypt(const uint8_t key[AES_GCM_KEY_SIZE], const struct aes_gcm_text *text,
		     uint8_t tag[AES_GCM_TAG_SIZE]);
/* Is it authentic? */
bool aes_gcm_decrypt(const uint8_t key[AES_GCM_KEY_SIZE], const struct aes_gcm_text *text,
		     const uint8_t tag[AES_GCM_TAG_SIZE]);

#endif /* SELFTEST_KVM_AES_GCM_H */
