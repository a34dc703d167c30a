"""Domains whose mailboxes anybody can have: sharing one says nothing about two people."""

_WORDS = """
gmail.com googlemail.com outlook.com outlook.es hotmail.com hotmail.es hotmail.co.uk hotmail.fr
hotmail.de hotmail.it live.com live.co.uk live.fr live.nl msn.com yahoo.com yahoo.es
yahoo.co.uk yahoo.fr yahoo.de yahoo.it yahoo.com.ar yahoo.com.mx yahoo.com.br ymail.com
rocketmail.com aol.com icloud.com me.com mac.com proton.me protonmail.com pm.me gmx.com gmx.de
gmx.net gmx.at gmx.ch web.de t-online.de freenet.de mail.com mail.ru yandex.ru yandex.com bk.ru
list.ru inbox.ru qq.com 163.com 126.com sina.com naver.com daum.net terra.es telefonica.net
movistar.es ono.com orange.es orange.fr wanadoo.fr wanadoo.es free.fr laposte.net sfr.fr
libero.it virgilio.it tin.it alice.it tiscali.it sapo.pt uol.com.br bol.com.br terra.com.br
btinternet.com virginmedia.com sky.com comcast.net verizon.net att.net sbcglobal.net
bellsouth.net cox.net charter.net earthlink.net shaw.ca rogers.com zoho.com zohomail.com
fastmail.com fastmail.fm tutanota.com tuta.io hey.com hushmail.com seznam.cz wp.pl o2.pl
interia.pl onet.pl ziggo.nl kpnmail.nl telenet.be skynet.be bluewin.ch telia.com euskalnet.net
mundo-r.com
"""
PUBLIC_DOMAINS = frozenset(_WORDS.split())
