/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * AES-GCM of the kernel's library, by the names that Linux 7.3 has for it.
 */
#ifndef _ARCH_X86_VIRT_COCO_EMUL_GCM_H
#define _ARCH_X86_VIRT_COCO_EMUL_GCM_H

#ifdef CONFIG_CRYPTO_LIB_AES_GCM
#include <crypto/aes-gcm.h>
#else
#include <linux/errno.h>

#include <crypto/gcm.h>

#define aes_gcm_key	aesgcm_ctx

static inline int aes_gcm_preparekey(struct aes_gcm_key *key, const u8 *in_key, size_t key_len,
				     size_t authtag_len)
{
	return aesgcm_expandkey(key, in_key, key_len, authtag_len);
}

static inline void aes_gcm_encrypt(u8 *dst, const u8 *src, size_t data_len, u8 *authtag,
				   const u8 *ad, size_t ad_len, const u8 *nonce,
				   const struct aes_gcm_key *key)
{
	aesgcm_encrypt(key, dst, src, data_len, ad, ad_len, nonce, authtag);
}

static inline int aes_gcm_decrypt(u8 *dst, const u8 *src, size_t data_len, const u8 *authtag,
				  const u8 *ad, size_t ad_len, const u8 *nonce,
				  const struct aes_gcm_key *key)
{
	return aesgcm_decrypt(key, dst, src, data_len, ad, ad_len, nonce, authtag) ? 0 : -EBADMSG;
}
#endif

#endif /* _ARCH_X86_VIRT_COCO_EMUL_GCM_H */
