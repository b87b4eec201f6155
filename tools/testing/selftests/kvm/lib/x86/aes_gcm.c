// SPDX-License-Identifier: GPL-2.0-only
/*
 * AES-256-GCM as FIPS 197 and NIST SP 800-38D have it, byte by byte and bit by bit:
 * neither fast nor safe from those who measure time.
 */
#include <string.h>

#include "aes_gcm.h"

#define BLOCK		16
#define KEY_WORDS	8
#define ROUNDS		14

struct aes {
	uint8_t sbox[256];
	uint8_t round_key[ROUNDS + 1][BLOCK];
};

static uint8_t xtime(uint8_t x)
{
	return x << 1 ^ (x & 0x80 ? 0x1b : 0);
}

static uint8_t rotate(uint8_t x, int n)
{
	return x << n | x >> (8 - n);
}

/* Powers of a generator, and of its inverse at the same time */
static void make_sbox(uint8_t sbox[256])
{
	uint8_t p = 1, q = 1;

	do {
		p ^= xtime(p);

		q ^= q << 1;
		q ^= q << 2;
		q ^= q << 4;
		if (q & 0x80)
			q ^= 0x09;

		sbox[p] = q ^ rotate(q, 1) ^ rotate(q, 2) ^ rotate(q, 3) ^ rotate(q, 4) ^ 0x63;
	} while (p != 1);
	sbox[0] = 0x63;
}

static void expand_key(struct aes *aes, const uint8_t *key)
{
	uint8_t *w = &aes->round_key[0][0], *next, rcon = 1, first;
	int i, j;

	make_sbox(aes->sbox);
	memcpy(w, key, AES_GCM_KEY_SIZE);
	for (i = KEY_WORDS; i < 4 * (ROUNDS + 1); i++) {
		next = w + 4 * i;
		memcpy(next, next - 4, 4);
		if (i % KEY_WORDS == 0) {
			first = next[0];
			for (j = 0; j < 3; j++)
				next[j] = aes->sbox[next[j + 1]];
			next[3] = aes->sbox[first];
			next[0] ^= rcon;
			rcon = xtime(rcon);
		} else if (i % KEY_WORDS == 4) {
			for (j = 0; j < 4; j++)
				next[j] = aes->sbox[next[j]];
		}
		for (j = 0; j < 4; j++)
			next[j] ^= next[j - 4 * KEY_WORDS];
	}
}

static void xor_block(uint8_t *to, const uint8_t *with)
{
	int i;

	for (i = 0; i < BLOCK; i++)
		to[i] ^= with[i];
}

static void mix_column(uint8_t *c)
{
	uint8_t all = c[0] ^ c[1] ^ c[2] ^ c[3], first = c[0];

	c[0] ^= all ^ xtime(c[0] ^ c[1]);
	c[1] ^= all ^ xtime(c[1] ^ c[2]);
	c[2] ^= all ^ xtime(c[2] ^ c[3]);
	c[3] ^= all ^ xtime(c[3] ^ first);
}

static void encrypt_block(const struct aes *aes, uint8_t *block)
{
	uint8_t t[BLOCK];
	int round, i;

	xor_block(block, aes->round_key[0]);
	for (round = 1; round <= ROUNDS; round++) {
		/* SubBytes and ShiftRows */
		for (i = 0; i < BLOCK; i++)
			t[i] = aes->sbox[block[(i + 4 * (i % 4)) % BLOCK]];
		for (i = 0; i < BLOCK && round < ROUNDS; i += 4)
			mix_column(t + i);
		memcpy(block, t, BLOCK);
		xor_block(block, aes->round_key[round]);
	}
}

/* In GF(2^128), the most significant bit first */
static void multiply(uint8_t *x, const uint8_t *h)
{
	uint8_t z[BLOCK] = {}, v[BLOCK];
	bool low;
	int i, j;

	memcpy(v, h, BLOCK);
	for (i = 0; i < 8 * BLOCK; i++) {
		if (x[i / 8] & 0x80 >> i % 8)
			xor_block(z, v);
		low = v[BLOCK - 1] & 1;
		for (j = BLOCK - 1; j > 0; j--)
			v[j] = v[j] >> 1 | v[j - 1] << 7;
		v[0] >>= 1;
		if (low)
			v[0] ^= 0xe1;
	}
	memcpy(x, z, BLOCK);
}

static void hash(uint8_t *y, const uint8_t *h, const uint8_t *data, size_t len)
{
	uint8_t block[BLOCK];
	size_t i, nr;

	for (i = 0; i < len; i += BLOCK) {
		nr = len - i < BLOCK ? len - i : BLOCK;
		memset(block, 0, BLOCK);
		memcpy(block, data + i, nr);
		xor_block(y, block);
		multiply(y, h);
	}
}

static void put_be64(uint8_t *to, uint64_t value)
{
	int i;

	for (i = 0; i < 8; i++)
		to[i] = value >> (56 - 8 * i);
}

static void counter_block(uint8_t *block, const uint8_t *iv, uint32_t counter)
{
	uint8_t number[8];

	put_be64(number, counter);
	memcpy(block, iv, AES_GCM_IV_SIZE);
	memcpy(block + AES_GCM_IV_SIZE, number + 4, 4);
}

static void make_tag(const struct aes *aes, const struct aes_gcm_text *text,
		     const uint8_t *ciphertext, uint8_t *tag)
{
	uint8_t h[BLOCK] = {}, y[BLOCK] = {}, block[BLOCK];

	encrypt_block(aes, h);
	hash(y, h, text->aad, text->aad_len);
	hash(y, h, ciphertext, text->len);
	put_be64(block, 8 * text->aad_len);
	put_be64(block + 8, 8 * text->len);
	hash(y, h, block, BLOCK);

	counter_block(tag, text->iv, 1);
	encrypt_block(aes, tag);
	xor_block(tag, y);
}

static void apply_stream(const struct aes *aes, const struct aes_gcm_text *text)
{
	uint8_t block[BLOCK];
	size_t i;

	for (i = 0; i < text->len; i++) {
		if (i % BLOCK == 0) {
			counter_block(block, text->iv, 2 + i / BLOCK);
			encrypt_block(aes, block);
		}
		text->out[i] = text->in[i] ^ block[i % BLOCK];
	}
}

void aes_gcm_encrypt(const uint8_t key[AES_GCM_KEY_SIZE], const struct aes_gcm_text *text,
		     uint8_t tag[AES_GCM_TAG_SIZE])
{
	struct aes aes;

	expand_key(&aes, key);
	apply_stream(&aes, text);
	make_tag(&aes, text, text->out, tag);
}

bool aes_gcm_decrypt(const uint8_t key[AES_GCM_KEY_SIZE], const struct aes_gcm_text *text,
		     const uint8_t tag[AES_GCM_TAG_SIZE])
{
	uint8_t want[AES_GCM_TAG_SIZE];
	struct aes aes;

	expand_key(&aes, key);
	make_tag(&aes, text, text->in, want);
	apply_stream(&aes, text);
	return !memcmp(tag, want, sizeof(want));
}
