// SPDX-License-Identifier: GPL-2.0-only
/*
 * What stands in for the encryption of guest memory and for its integrity.
 *
 * Nothing here is cryptography. It only has to make what the host reads useless,
 * different for each guest and address, and to find out that the host has
 * written.
 *
 * Memory is XORed with the output of SplitMix64. The state of that generator is
 * a counter, so any word of memory can be had without those before it: its number
 * is the physical address. The checksum is FNV-1a over 64-bit words in place of
 * bytes, folded to 32 bits.
 */
#include <linux/random.h>

#include "../coco_emul.h"

#define SPLITMIX64_GAMMA	0x9e3779b97f4a7c15ULL
#define FNV_OFFSET_BASIS	0xcbf29ce484222325ULL
#define FNV_PRIME		0x100000001b3ULL

static u64 root_key, nr_keys;

/**
 * coco_emul_new_key() - the key of a guest or of the platform
 *
 * Keys are as different as the words of a stream. Only the first is random:
 * there are no random numbers under a raw spinlock.
 *
 * Return: a key that nobody else has.
 */
u64 coco_emul_new_key(void)
{
	lockdep_assert_held(&coco_emul_lock);

	return coco_emul_stream(root_key, ++nr_keys * sizeof(u64));
}

/**
 * coco_emul_stream() - a word of the stream that memory is scrambled with
 * @key:	key of the owner of the memory
 * @pa:		physical address of the word
 */
u64 coco_emul_stream(u64 key, u64 pa)
{
	u64 x = key + pa / sizeof(u64) * SPLITMIX64_GAMMA;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
	return x ^ (x >> 31);
}

/**
 * coco_emul_scramble() - encrypt, or decrypt: it is the same
 * @key:	key of the owner of the memory
 * @pa:		physical address that the scrambled bytes are at, or are to be at
 * @dst:	where to write to; may be @src
 * @src:	where to read from, NULL for zeroes
 * @len:	number of bytes, a multiple of eight as @pa is
 */
void coco_emul_scramble(u64 key, u64 pa, u64 *dst, const u64 *src, size_t len)
{
	size_t i;

	for (i = 0; i < len / sizeof(*dst); i++)
		dst[i] = (src ? src[i] : 0) ^ coco_emul_stream(key, pa + i * sizeof(*dst));
}

/**
 * coco_emul_checksum() - tell a page from one that was written to
 * @page:	the page in the direct map
 */
u32 coco_emul_checksum(const void *page)
{
	const u64 *words = page;
	u64 sum = FNV_OFFSET_BASIS;
	unsigned int i;

	for (i = 0; i < PAGE_SIZE / sizeof(*words); i++)
		sum = (sum ^ words[i]) * FNV_PRIME;

	return sum ^ sum >> 32;
}

void __init coco_emul_crypt_init(void)
{
	root_key = get_random_u64();
}
