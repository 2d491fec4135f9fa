/** What the checkout says, in the languages that it speaks by itself. */

/** All words of the checkout. `{time}` stands for the time that is left. */
export interface CheckoutTexts {
  /** The direction of the script; left to right when left out. */
  dir?: "ltr" | "rtl";
  starting: string;
  waiting: string;
  waitingLead: string;
  /** The link for who is on the phone that would have to scan. */
  here: string;
  /** Opens the code on a device that cannot point a camera at itself. */
  elsewhere: string;
  validFor: string;
  code: string;
  scanned: string;
  scannedLead: string;
  processing: string;
  processingLead: string;
  completed: string;
  failed: string;
  failedLead: string;
  cancelled: string;
  cancelledLead: string;
  expired: string;
  expiredLead: string;
  problem: string;
  problemLead: string;
  /** The payment may be under way, and cannot be followed. */
  lostLead: string;
  /** The shop gave no code. */
  shopLead: string;
  again: string;
  newCode: string;
  amount: string;
  reference: string;
  time: string;
  progress: string;
  scan: string;
  confirm: string;
  pay: string;
  reconnecting: string;
  polling: string;
  offline: string;
  /** A hotel's network, say, that wants a sign-in. */
  portal: string;
  unreachable: string;
}

/** By primary language subtag. */
export const languages: Record<string, CheckoutTexts> = {
  en: {
    starting: "Preparing your payment",
    waiting: "Scan to pay",
    waitingLead: "Point your phone’s camera at the code.",
    here: "Pay on this device",
    elsewhere: "Scan with another device",
    validFor: "Valid for {time}",
    code: "QR code",
    scanned: "Confirm on your phone",
    scannedLead: "Confirm the payment in your bank’s app.",
    processing: "Your payment is on its way",
    processingLead: "This takes a few seconds.",
    completed: "Paid. Thank you!",
    failed: "The payment did not go through",
    failedLead: "Try again, or choose another way to pay.",
    cancelled: "The payment was cancelled",
    cancelledLead: "Start again if you still want to pay.",
    expired: "This code has expired",
    expiredLead: "If you have already confirmed, wait here. Otherwise start again.",
    problem: "This payment cannot be shown",
    problemLead: "Start again, or ask the shop before you pay.",
    lostLead: "Ask the shop before you pay again.",
    shopLead: "The shop cannot be reached. Check your connection and start again.",
    again: "Start again",
    newCode: "Get a new code",
    amount: "Amount",
    reference: "Reference",
    time: "Time",
    progress: "Progress",
    scan: "Scan",
    confirm: "Confirm",
    pay: "Pay",
    reconnecting: "Reconnecting. Your payment goes on.",
    polling: "Slow network: checking every few seconds.",
    offline: "You are offline. This page waits for you.",
    portal: "This network asks you to sign in first.",
    unreachable: "The payment service cannot be reached. Your payment goes on.",
  },
  de: {
    starting: "Ihre Zahlung wird vorbereitet",
    waiting: "Zum Bezahlen scannen",
    waitingLead: "Richten Sie die Kamera Ihres Telefons auf den Code.",
    here: "Auf diesem Gerät bezahlen",
    elsewhere: "Mit einem anderen Gerät scannen",
    validFor: "Noch {time} gültig",
    code: "QR-Code",
    scanned: "Auf dem Telefon bestätigen",
    scannedLead: "Bestätigen Sie die Zahlung in der App Ihrer Bank.",
    processing: "Ihre Zahlung ist unterwegs",
    processingLead: "Das dauert wenige Sekunden.",
    completed: "Bezahlt. Vielen Dank!",
    failed: "Die Zahlung ist fehlgeschlagen",
    failedLead: "Versuchen Sie es noch einmal, oder bezahlen Sie auf andere Weise.",
    cancelled: "Die Zahlung wurde abgebrochen",
    cancelledLead: "Beginnen Sie neu, wenn Sie doch bezahlen möchten.",
    expired: "Dieser Code ist abgelaufen",
    expiredLead: "Wenn Sie schon bestätigt haben, warten Sie hier. Sonst beginnen Sie neu.",
    problem: "Diese Zahlung kann nicht angezeigt werden",
    problemLead: "Beginnen Sie neu, oder fragen Sie den Händler, bevor Sie bezahlen.",
    lostLead: "Fragen Sie den Händler, bevor Sie noch einmal bezahlen.",
    shopLead: "Der Händler ist nicht erreichbar. Prüfen Sie Ihre Verbindung, und beginnen Sie neu.",
    again: "Neu beginnen",
    newCode: "Neuen Code anfordern",
    amount: "Betrag",
    reference: "Referenz",
    time: "Zeitpunkt",
    progress: "Fortschritt",
    scan: "Scannen",
    confirm: "Bestätigen",
    pay: "Bezahlen",
    reconnecting: "Verbindung wird wiederhergestellt. Ihre Zahlung läuft weiter.",
    polling: "Langsame Verbindung: alle paar Sekunden wird nachgesehen.",
    offline: "Sie sind offline. Diese Seite wartet auf Sie.",
    portal: "Dieses Netz verlangt zuerst eine Anmeldung.",
    unreachable: "Der Zahlungsdienst ist nicht erreichbar. Ihre Zahlung läuft weiter.",
  },
  es: {
    starting: "Estamos preparando tu pago",
    waiting: "Escanea para pagar",
    waitingLead: "Apunta al código con la cámara de tu teléfono.",
    here: "Pagar en este dispositivo",
    elsewhere: "Escanear con otro dispositivo",
    validFor: "Válido durante {time}",
    code: "Código QR",
    scanned: "Confirma en tu teléfono",
    scannedLead: "Confirma el pago en la aplicación de tu banco.",
    processing: "Tu pago está en camino",
    processingLead: "Tarda unos segundos.",
    completed: "Pagado. ¡Gracias!",
    failed: "No se pudo realizar el pago",
    failedLead: "Inténtalo de nuevo o elige otra forma de pago.",
    cancelled: "El pago se canceló",
    cancelledLead: "Empieza de nuevo si todavía quieres pagar.",
    expired: "Este código ha caducado",
    expiredLead: "Si ya has confirmado, espera aquí. Si no, empieza de nuevo.",
    problem: "No se puede mostrar este pago",
    problemLead: "Empieza de nuevo o pregunta a la tienda antes de pagar.",
    lostLead: "Pregunta a la tienda antes de volver a pagar.",
    shopLead: "No se puede contactar con la tienda. Comprueba tu conexión y empieza de nuevo.",
    again: "Empezar de nuevo",
    newCode: "Obtener un código nuevo",
    amount: "Importe",
    reference: "Referencia",
    time: "Hora",
    progress: "Progreso",
    scan: "Escanear",
    confirm: "Confirmar",
    pay: "Pagar",
    reconnecting: "Reconectando. Tu pago sigue en curso.",
    polling: "Conexión lenta: comprobamos cada pocos segundos.",
    offline: "No tienes conexión. Esta página te espera.",
    portal: "Esta red pide que inicies sesión primero.",
    unreachable: "No se puede contactar con el servicio de pago. Tu pago sigue en curso.",
  },
  fr: {
    starting: "Nous préparons votre paiement",
    waiting: "Scannez pour payer",
    waitingLead: "Pointez l’appareil photo de votre téléphone vers le code.",
    here: "Payer sur cet appareil",
    elsewhere: "Scanner avec un autre appareil",
    validFor: "Valable encore {time}",
    code: "Code QR",
    scanned: "Confirmez sur votre téléphone",
    scannedLead: "Confirmez le paiement dans l’application de votre banque.",
    processing: "Votre paiement est en cours",
    processingLead: "Cela prend quelques secondes.",
    completed: "Payé. Merci !",
    failed: "Le paiement n’a pas abouti",
    failedLead: "Réessayez ou choisissez un autre moyen de paiement.",
    cancelled: "Le paiement a été annulé",
    cancelledLead: "Recommencez si vous souhaitez toujours payer.",
    expired: "Ce code a expiré",
    expiredLead: "Si vous avez déjà confirmé, attendez ici. Sinon, recommencez.",
    problem: "Ce paiement ne peut pas être affiché",
    problemLead: "Recommencez ou interrogez le magasin avant de payer.",
    lostLead: "Interrogez le magasin avant de payer à nouveau.",
    shopLead: "Le magasin est injoignable. Vérifiez votre connexion et recommencez.",
    again: "Recommencer",
    newCode: "Obtenir un nouveau code",
    amount: "Montant",
    reference: "Référence",
    time: "Heure",
    progress: "Progression",
    scan: "Scanner",
    confirm: "Confirmer",
    pay: "Payer",
    reconnecting: "Reconnexion. Votre paiement se poursuit.",
    polling: "Connexion lente : vérification toutes les quelques secondes.",
    offline: "Vous êtes hors ligne. Cette page vous attend.",
    portal: "Ce réseau demande d’abord une connexion.",
    unreachable: "Le service de paiement est injoignable. Votre paiement se poursuit.",
  },
  ar: {
    dir: "rtl",
    starting: "جارٍ تجهيز عملية الدفع",
    waiting: "امسح للدفع",
    waitingLead: "وجّه كاميرا هاتفك نحو الرمز.",
    here: "الدفع على هذا الجهاز",
    elsewhere: "المسح بجهاز آخر",
    validFor: "صالح لمدة {time}",
    code: "رمز QR",
    scanned: "أكّد على هاتفك",
    scannedLead: "أكّد الدفع في تطبيق مصرفك.",
    processing: "دفعتك في الطريق",
    processingLead: "يستغرق ذلك بضع ثوانٍ.",
    completed: "تم الدفع. شكرًا لك!",
    failed: "لم تتم عملية الدفع",
    failedLead: "حاول مرة أخرى أو اختر طريقة دفع أخرى.",
    cancelled: "أُلغيت عملية الدفع",
    cancelledLead: "ابدأ من جديد إذا كنت لا تزال تريد الدفع.",
    expired: "انتهت صلاحية هذا الرمز",
    expiredLead: "إذا كنت قد أكّدت، فانتظر هنا. وإلا فابدأ من جديد.",
    problem: "لا يمكن عرض عملية الدفع هذه",
    problemLead: "ابدأ من جديد أو اسأل المتجر قبل الدفع.",
    lostLead: "اسأل المتجر قبل أن تدفع مرة أخرى.",
    shopLead: "تعذّر الوصول إلى المتجر. تحقّق من اتصالك وابدأ من جديد.",
    again: "البدء من جديد",
    newCode: "الحصول على رمز جديد",
    amount: "المبلغ",
    reference: "المرجع",
    time: "الوقت",
    progress: "التقدّم",
    scan: "المسح",
    confirm: "التأكيد",
    pay: "الدفع",
    reconnecting: "جارٍ إعادة الاتصال. دفعتك مستمرة.",
    polling: "اتصال بطيء: نتحقّق كل بضع ثوانٍ.",
    offline: "أنت غير متصل. هذه الصفحة تنتظرك.",
    portal: "تطلب هذه الشبكة تسجيل الدخول أولًا.",
    unreachable: "تعذّر الوصول إلى خدمة الدفع. دفعتك مستمرة.",
  },
};

/** The words for a language tag: those of its primary language, else English. */
export const textsFor = (tag: string, own?: Partial<CheckoutTexts>): CheckoutTexts => ({
  ...(languages[tag.split("-")[0]!.toLowerCase()] ?? languages["en"]!),
  ...own,
});
