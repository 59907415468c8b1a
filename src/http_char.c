/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "http_char.h"

#include "banned.h"

/*
 * Which characters belong to which classes:
 *
 *      I  0-9               token target value regname digit hex
 *      X  A-F a-f           token target value regname hex
 *      N  other letters     token target value regname
 *         ! $ & ' * + - . _ ~
 *      K  % ^ ` |           token target value
 *      H  #                 token value
 *      D  ( ) , ; =         target value regname
 *      V  " / : < > ? @     target value
 *         [ \ ] { }
 *      B  HTAB SP           value blank
 *      O  80-FF             value (obs-text)
 *      -  other controls    none
 */
#define N                                                                      \
	(HTTP_CHAR_TOKEN | HTTP_CHAR_TARGET | HTTP_CHAR_VALUE |                \
	    HTTP_CHAR_REGNAME)
#define X            (N | HTTP_CHAR_HEX)
#define I            (X | HTTP_CHAR_DIGIT)
#define K            (HTTP_CHAR_TOKEN | HTTP_CHAR_TARGET | HTTP_CHAR_VALUE)
#define H            (HTTP_CHAR_TOKEN | HTTP_CHAR_VALUE)
#define D            (HTTP_CHAR_TARGET | HTTP_CHAR_VALUE | HTTP_CHAR_REGNAME)
#define V            (HTTP_CHAR_TARGET | HTTP_CHAR_VALUE)
#define B            (HTTP_CHAR_VALUE | HTTP_CHAR_BLANK)
#define O            HTTP_CHAR_VALUE
#define OBS_TEXT_ROW O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O

/* clang-format off */
static const unsigned char classes[256] = {
	0, 0, 0, 0, 0, 0, 0, 0, 0, B, 0, 0, 0, 0, 0, 0,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	/*  ! " # $ % & ' ( ) * + , - . / */
	B, N, V, H, N, K, N, N, D, D, N, N, D, N, N, V,
	/* 0 1 2 3 4 5 6 7 8 9 : ; < = > ? */
	I, I, I, I, I, I, I, I, I, I, V, D, V, D, V, V,
	/* @ A B C D E F G H I J K L M N O */
	V, X, X, X, X, X, X, N, N, N, N, N, N, N, N, N,
	/* P Q R S T U V W X Y Z [ \ ] ^ _ */
	N, N, N, N, N, N, N, N, N, N, N, V, V, V, K, N,
	/* ` a b c d e f g h i j k l m n o */
	K, X, X, X, X, X, X, N, N, N, N, N, N, N, N, N,
	/* p q r s t u v w x y z { | } ~ DEL */
	N, N, N, N, N, N, N, N, N, N, N, V, K, V, N, 0,
	OBS_TEXT_ROW, OBS_TEXT_ROW, OBS_TEXT_ROW, OBS_TEXT_ROW,
	OBS_TEXT_ROW, OBS_TEXT_ROW, OBS_TEXT_ROW, OBS_TEXT_ROW,
};
/* clang-format on */

bool
http_char_is(char c, unsigned set)
{
	return (classes[(unsigned char)c] & set) != 0;
}

size_t
http_char_span(const char *text, size_t len, unsigned set)
{
	size_t n = 0;

	while (n < len && http_char_is(text[n], set))
		n++;
	return n;
}

unsigned
http_char_hex(char c)
{
	if (http_char_is(c, HTTP_CHAR_DIGIT))
		return (unsigned)(c - '0');
	return (unsigned)(http_char_lower(c) - 'a') + 10;
}

char
http_char_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}
