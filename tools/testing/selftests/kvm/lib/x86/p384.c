// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "p384.h"

#define BITS	(64 * P384_WORDS)

/**
 * struct modulus - numbers modulo @m, each times 2^384 ("Montgomery multiplication")
 * @m:		the modulus
 * @inverse:	-1/m modulo 2^64
 * @one:	1
 * @rr:		2^384
 */
struct modulus {
	struct p384 m;
	uint64_t inverse;
	struct p384 one;
	struct p384 rr;
};

/* x and y are X / Z^2 and Y / Z^3; Z is 0 at infinity. */
struct point {
	struct p384 x, y, z;
};

static const struct p384 prime = {
	{ 0x00000000ffffffff, 0xffffffff00000000, 0xfffffffffffffffe,
	  0xffffffffffffffff, 0xffffffffffffffff, 0xffffffffffffffff },
};

static const struct p384 order = {
	{ 0xecec196accc52973, 0x581a0db248b0a77a, 0xc7634d81f4372ddf,
	  0xffffffffffffffff, 0xffffffffffffffff, 0xffffffffffffffff },
};

static const struct p384 curve_b = {
	{ 0x2a85c8edd3ec2aef, 0xc656398d8a2ed19d, 0x0314088f5013875a,
	  0x181d9c6efe814112, 0x988e056be3f82d19, 0xb3312fa7e23ee7e4 },
};

static const struct p384 base_x = {
	{ 0x3a545e3872760ab7, 0x5502f25dbf55296c, 0x59f741e082542a38,
	  0x6e1d3b628ba79b98, 0x8eb1c71ef320ad74, 0xaa87ca22be8b0537 },
};

static const struct p384 base_y = {
	{ 0x7a431d7c90ea0e5f, 0x0a60b1ce1d7e819d, 0xe9da3113b5f0b8c0,
	  0xf8f41dbd289a147c, 0x5d9e98bf9292dc29, 0x3617de4a96262c6f },
};

static bool is_zero(const struct p384 *a)
{
	static const struct p384 zero;

	return !memcmp(a, &zero, sizeof(zero));
}

static bool equal(const struct p384 *a, const struct p384 *b)
{
	return !memcmp(a, b, sizeof(*a));
}

static uint64_t add(struct p384 *to, const struct p384 *a, const struct p384 *b)
{
	unsigned __int128 sum = 0;
	int i;

	for (i = 0; i < P384_WORDS; i++) {
		sum += (unsigned __int128)a->word[i] + b->word[i];
		to->word[i] = sum;
		sum >>= 64;
	}
	return sum;
}

static bool sub(struct p384 *to, const struct p384 *a, const struct p384 *b)
{
	bool borrow = false;
	int i;

	for (i = 0; i < P384_WORDS; i++) {
		unsigned __int128 difference = (unsigned __int128)a->word[i] - b->word[i] - borrow;

		to->word[i] = difference;
		borrow = difference >> 64;
	}
	return borrow;
}

static bool less(const struct p384 *a, const struct p384 *b)
{
	struct p384 unused;

	return sub(&unused, a, b);
}

static void reduce(struct p384 *a, uint64_t carry, const struct p384 *m)
{
	if (carry || !less(a, m))
		sub(a, a, m);
}

static struct p384 mod_add(const struct modulus *m, struct p384 a, struct p384 b)
{
	struct p384 sum;

	reduce(&sum, add(&sum, &a, &b), &m->m);
	return sum;
}

static struct p384 mod_sub(const struct modulus *m, struct p384 a, struct p384 b)
{
	struct p384 difference;

	if (sub(&difference, &a, &b))
		add(&difference, &difference, &m->m);
	return difference;
}

static struct p384 mod_mul(const struct modulus *m, struct p384 a, struct p384 b)
{
	uint64_t t[P384_WORDS + 2] = {}, factor;
	struct p384 product;
	unsigned __int128 sum;
	int i, j;

	for (i = 0; i < P384_WORDS; i++) {
		sum = 0;
		for (j = 0; j < P384_WORDS; j++) {
			sum += (unsigned __int128)a.word[i] * b.word[j] + t[j];
			t[j] = sum;
			sum >>= 64;
		}
		sum += t[P384_WORDS];
		t[P384_WORDS] = sum;
		t[P384_WORDS + 1] = sum >> 64;

		/* A multiple of m that clears the lowest word */
		factor = t[0] * m->inverse;
		sum = ((unsigned __int128)factor * m->m.word[0] + t[0]) >> 64;
		for (j = 1; j < P384_WORDS; j++) {
			sum += (unsigned __int128)factor * m->m.word[j] + t[j];
			t[j - 1] = sum;
			sum >>= 64;
		}
		sum += t[P384_WORDS];
		t[P384_WORDS - 1] = sum;
		t[P384_WORDS] = t[P384_WORDS + 1] + (uint64_t)(sum >> 64);
	}

	memcpy(&product, t, sizeof(product));
	reduce(&product, t[P384_WORDS], &m->m);
	return product;
}

static struct p384 into(const struct modulus *m, const struct p384 *a)
{
	return mod_mul(m, *a, m->rr);
}

static struct p384 from(const struct modulus *m, struct p384 a)
{
	const struct p384 one = { { 1 } };

	return mod_mul(m, a, one);
}

static void init(struct modulus *m, const struct p384 *modulus)
{
	int i;

	m->m = *modulus;
	m->inverse = 1;
	for (i = 0; i < 6; i++)
		m->inverse *= 2 - modulus->word[0] * m->inverse;
	m->inverse = -m->inverse;

	m->one = (struct p384) { { 1 } };
	for (i = 0; i < BITS; i++)
		m->one = mod_add(m, m->one, m->one);
	m->rr = m->one;
	for (i = 0; i < BITS; i++)
		m->rr = mod_add(m, m->rr, m->rr);
}

static bool bit(const struct p384 *a, int i)
{
	return a->word[i / 64] >> i % 64 & 1;
}

/* 1/a is a to the power of m - 2, for m is a prime. */
static struct p384 mod_inverse(const struct modulus *m, struct p384 a)
{
	const struct p384 two = { { 2 } };
	struct p384 power = m->one, exponent;
	int i;

	sub(&exponent, &m->m, &two);
	for (i = BITS - 1; i >= 0; i--) {
		power = mod_mul(m, power, power);
		if (bit(&exponent, i))
			power = mod_mul(m, power, a);
	}
	return power;
}

static struct point point_double(const struct modulus *m, const struct point *p)
{
	struct p384 zz = mod_mul(m, p->z, p->z), yy = mod_mul(m, p->y, p->y);
	struct p384 xyy = mod_mul(m, p->x, yy), yyyy = mod_mul(m, yy, yy), slope, s;
	struct point sum;

	/* 3 (x - z^2) (x + z^2), as a is -3 */
	s = mod_mul(m, mod_sub(m, p->x, zz), mod_add(m, p->x, zz));
	slope = mod_add(m, mod_add(m, s, s), s);
	s = mod_add(m, xyy, xyy);
	s = mod_add(m, s, s);

	sum.x = mod_sub(m, mod_mul(m, slope, slope), mod_add(m, s, s));
	yyyy = mod_add(m, yyyy, yyyy);
	yyyy = mod_add(m, yyyy, yyyy);
	yyyy = mod_add(m, yyyy, yyyy);
	sum.y = mod_sub(m, mod_mul(m, slope, mod_sub(m, s, sum.x)), yyyy);
	sum.z = mod_mul(m, p->y, p->z);
	sum.z = mod_add(m, sum.z, sum.z);
	return sum;
}

static struct point point_add(const struct modulus *m, const struct point *p,
			      const struct point *q)
{
	struct p384 pzz, qzz, u1, u2, s1, s2, h, r, hh, hhh, v;
	struct point sum;

	if (is_zero(&p->z))
		return *q;
	if (is_zero(&q->z))
		return *p;

	pzz = mod_mul(m, p->z, p->z);
	qzz = mod_mul(m, q->z, q->z);
	u1 = mod_mul(m, p->x, qzz);
	u2 = mod_mul(m, q->x, pzz);
	s1 = mod_mul(m, p->y, mod_mul(m, qzz, q->z));
	s2 = mod_mul(m, q->y, mod_mul(m, pzz, p->z));
	if (equal(&u1, &u2)) {
		if (equal(&s1, &s2))
			return point_double(m, p);
		return (struct point) {};
	}

	h = mod_sub(m, u2, u1);
	r = mod_sub(m, s2, s1);
	hh = mod_mul(m, h, h);
	hhh = mod_mul(m, hh, h);
	v = mod_mul(m, u1, hh);
	sum.x = mod_sub(m, mod_sub(m, mod_mul(m, r, r), hhh), mod_add(m, v, v));
	sum.y = mod_sub(m, mod_mul(m, r, mod_sub(m, v, sum.x)), mod_mul(m, s1, hhh));
	sum.z = mod_mul(m, h, mod_mul(m, p->z, q->z));
	return sum;
}

static bool on_curve(const struct modulus *m, const struct point *p)
{
	struct p384 left = mod_mul(m, p->y, p->y), right, b = into(m, &curve_b);

	right = mod_mul(m, mod_mul(m, p->x, p->x), p->x);
	right = mod_sub(m, right, mod_add(m, mod_add(m, p->x, p->x), p->x));
	right = mod_add(m, right, b);
	return equal(&left, &right);
}

bool p384_verify(const uint8_t hash[P384_SIZE], const struct p384 *r, const struct p384 *s,
		 const struct p384 *key_x, const struct p384 *key_y)
{
	struct point base, key, both, sum = {};
	struct p384 z = {}, w, u1, u2, x;
	struct modulus p, n;
	int i;

	if (is_zero(r) || is_zero(s) || !less(r, &order) || !less(s, &order))
		return false;

	init(&p, &prime);
	init(&n, &order);
	base = (struct point) { into(&p, &base_x), into(&p, &base_y), p.one };
	key = (struct point) { into(&p, key_x), into(&p, key_y), p.one };
	if (!on_curve(&p, &base) || !on_curve(&p, &key))
		return false;

	for (i = 0; i < P384_SIZE; i++)
		z.word[P384_WORDS - 1 - i / 8] |= (uint64_t)hash[i] << (56 - 8 * (i % 8));
	reduce(&z, 0, &order);

	/* Neither is multiplied by 2^384, and so neither are the products. */
	w = mod_inverse(&n, into(&n, s));
	u1 = mod_mul(&n, z, w);
	u2 = mod_mul(&n, *r, w);

	both = point_add(&p, &base, &key);
	for (i = BITS - 1; i >= 0; i--) {
		sum = point_double(&p, &sum);
		if (bit(&u1, i) && bit(&u2, i))
			sum = point_add(&p, &sum, &both);
		else if (bit(&u1, i))
			sum = point_add(&p, &sum, &base);
		else if (bit(&u2, i))
			sum = point_add(&p, &sum, &key);
	}
	if (is_zero(&sum.z))
		return false;

	w = mod_inverse(&p, sum.z);
	x = from(&p, mod_mul(&p, sum.x, mod_mul(&p, w, w)));
	reduce(&x, 0, &order);
	return equal(&x, r);
}
