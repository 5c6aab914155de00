(** * One certificate for each form of bound

    The number in the comment is the value of the bound to 12 digits; the
    certificate states that the bound is at most the decimal below it. *)
From Coq Require Import Reals List Lra.
From AttentionBounds.certificate Require Import bounds_definitions certificate_library.
Local Open Scope R_scope.

(* 0.00697544642987 *)
Lemma certificate_1 :
  chernoff_bound (7/2) 4 (321/250) 1024 (3/10)
  <= 348773/50000000.
Proof. certify. Qed.

(* 0.0279017857143 *)
Lemma certificate_2 :
  chernoff_tail_bound (7/2) (321/250) 1024 (3/10) (1/2)
  <= 279019/10000000.
Proof. certify. Qed.

(* 5.3492499319e-6 *)
Lemma certificate_3 :
  chernoff_fourth_bound 40 (7/2) 20 (321/250) 4096 (1/5)
  <= 267463/50000000000.
Proof. certify. Qed.

(* 1.0051699604e-6 *)
Lemma certificate_4 :
  inverse_moment_bound 2 1023 (321/250) (321/250) (1/20)
  <= 50259/50000000000.
Proof. certify. Qed.

(* 5.53147520246e-20 *)
Lemma certificate_5 :
  inverse_moment_bound 4 65534 (68/25) (68/25) (1/100)
  <= 553149/10000000000000000000000000.
Proof. certify. Qed.

(* 0.000882927196026 *)
Lemma certificate_6 :
  laplace_bound (7/2) (321/250) (321/250) 4096 (3/100) (1/20)
  <= 882929/1000000000.
Proof. certify. Qed.

(* 0.00132161354665 *)
Lemma certificate_7 :
  participation_bound (321/250) (321/250) 1024 (1/20)
  <= 132163/100000000.
Proof. certify. Qed.

(* 0.00895665050816 *)
Lemma certificate_8 :
  gaussian_chernoff_bound (1/4) 3 (1/2) 1024 (3/10)
  <= 895667/100000000.
Proof. certify. Qed.

(* 0.00462573897763 *)
Lemma certificate_9 :
  gaussian_laplace_bound (1/4) 3 (1/2) 1024 (1/20)
  <= 18503/4000000.
Proof. certify. Qed.

(* 0.000146676681091 *)
Lemma certificate_10 :
  gaussian_general_laplace_bound 1 3 (1/2) 65536 (1/100) (1/50)
  <= 73339/500000000.
Proof. certify. Qed.

(* 0.000427521755588 *)
Lemma certificate_11 :
  subgaussian_chernoff_bound (1/4) 1 (1 :: (1/2) :: (1/4) :: nil) 1 (1/5) 65536 (1/10)
  <= 427523/1000000000.
Proof. certify. Qed.

(* 0.000349846790275 *)
Lemma certificate_12 :
  subgaussian_laplace_bound (1/4) 1 (1 :: (1/2) :: (1/4) :: nil) 1 (1/5) 65536 (1/100) (1/50)
  <= 43731/125000000.
Proof. certify. Qed.

(* 156.920096473 *)
Lemma certificate_13 :
  crude_bound (5/2) 1 (1 :: (1/2) :: (1/4) :: nil) 1 (1/5) 1000000000000
  <= 78461/500.
Proof. certify. Qed.

(** ** Large exponents: s^2 up to 30, lengths up to 10^12, a non-rational f64 *)

(* 3.45929890466e+12 *)
Lemma certificate_14 :
  gaussian_chernoff_bound 30 3 (1/2) 1000000000000 (1/2)
  <= 3459310000000/1.
Proof. certify. Qed.

(* 0.0034654656815 *)
Lemma certificate_15 :
  gaussian_chernoff_bound 20 3 (1/2) 1000000000000 (3/10)
  <= 86637/25000000.
Proof. certify. Qed.

(* 1.94162987747e-11 *)
Lemma certificate_16 :
  gaussian_chernoff_bound 1 3 (1/2) 1000000000000 (3/10)
  <= 48541/2500000000000000.
Proof. certify. Qed.

(* 1.88692050779e+20 *)
Lemma certificate_17 :
  gaussian_laplace_bound 20 3 (1/2) 1000000000000 (1/50)
  <= 188694000000000000000/1.
Proof. certify. Qed.

(* 3.14164407479e-5 *)
Lemma certificate_18 :
  gaussian_general_laplace_bound 16 3 (1/2) 1000000000000 (1/100) (1/100)
  <= 157083/5000000000.
Proof. certify. Qed.

(* 1396105561.56 *)
Lemma certificate_19 :
  subgaussian_chernoff_bound 10 1 (1 :: (1/2) :: (1/4) :: nil) 1 (1/10) 1000000000000 (1/10)
  <= 1396120000/1.
Proof. certify. Qed.

(* 3.14788261735e-12 *)
Lemma certificate_20 :
  chernoff_bound (3537115888337719/1125899906842624) (2308094809027379/562949953421312) (6305039478318695/4503599627370496) 1000000000000 (1152921504606847/1152921504606846976)
  <= 31479/10000000000000000.
Proof. certify. Qed.

(** ** Minima that are attained by 1 *)

Lemma certificate_21 : participation_bound (exp 30) (exp 30) 1000000 (1/2) <= 1.
Proof. certify_trivial. Qed.

Lemma certificate_22 : gaussian_laplace_bound 30 2 1 1000000 (1/2) <= 3.
Proof. certify_trivial. Qed.

(** ** Two splits of the inverse moment *)

(* 1.00517013923e-6 *)
Lemma certificate_23 :
  inverse_moment_two_split_bound 2 1023 (321/250) (321/250) (1/20)
  <= 50259/50000000000.
Proof. certify. Qed.

(* 5.53147520246e-20 *)
Lemma certificate_24 :
  inverse_moment_two_split_bound 4 65534 (68/25) (68/25) (1/100)
  <= 138287/2500000000000000000000000.
Proof. certify. Qed.

(* 0.000882927196026 *)
Lemma certificate_25 :
  laplace_split_bound two_splits one_split (7/2) (321/250) (321/250) 4096 (3/100) (1/20)
  <= 55183/62500000.
Proof. certify. Qed.

(* 3.53018758797e-9 *)
Lemma certificate_26 :
  laplace_split_bound two_splits two_splits (7/2) (exp 8) (exp 8) 1000000000 (1/20000) (1/10000)
  <= 353019/100000000000000.
Proof. certify. Qed.

(* 0.00132161378178 *)
Lemma certificate_27 :
  participation_split_bound two_splits (321/250) (321/250) 1024 (1/20)
  <= 66081/50000000.
Proof. certify. Qed.

(* 0.00327167777305 *)
Lemma certificate_28 :
  gaussian_laplace_split_bound two_splits 16 3 (1/2) 10000000000 (1/20)
  <= 1278/390625.
Proof. certify. Qed.

(* 0.000146676681091 *)
Lemma certificate_29 :
  gaussian_general_laplace_split_bound one_split two_splits 1 3 (1/2) 65536 (1/100) (1/50)
  <= 146677/1000000000.
Proof. certify. Qed.

(* 0.000349846790275 *)
Lemma certificate_30 :
  subgaussian_laplace_split_bound two_splits two_splits (1/4) 1 (1 :: (1/2) :: (1/4) :: nil) 1 (1/5) 65536 (1/100) (1/50)
  <= 349847/1000000000.
Proof. certify. Qed.

(** ** Extreme arguments: s^2 = 80, kap = e^900, L = 10^15, th = 10^-12, th or del = 1 - 2^-53 *)

(* 1.48827679312e+119 *)
Lemma certificate_31 :
  gaussian_laplace_split_bound two_splits 80 3 (1/2) 1000000000000000 (9007199254740991/9007199254740992)
  <= 148828000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000/1.
Proof. certify. Qed.

(* 1.0e-60 *)
Lemma certificate_32 :
  inverse_moment_two_split_bound 4 1000000000000000 (exp (1/4)) (exp 900)
    (4951760157141521/4951760157141521099596496896)
  <= 100001/100000000000000000000000000000000000000000000000000000000000000000.
Proof. certify. Qed.

(* 8.21296384146e+16 *)
Lemma certificate_33 :
  chernoff_bound 1 1 (exp 80) 1000000000000000 (9007199254740991/9007199254740992)
  <= 82129700000000000/1.
Proof. certify. Qed.

(** ** Decimals that are too small are rejected

    Each is below the value of its bound by one unit of the sixth digit. *)

Goal gaussian_chernoff_bound (1/4) 3 (1/2) 1024 (3/10) <= 895665/100000000.
Proof. certify. Fail Qed. Abort.

Goal gaussian_laplace_bound 20 3 (1/2) 1000000000000 (1/50) <= 1/1000.
Proof. Fail certify_trivial. certify. Fail Qed. Abort.

Goal gaussian_laplace_bound 30 2 1 1000000 (1/2) <= 299/100.
Proof. Fail certify_trivial. certify. Fail Qed. Abort.

Goal gaussian_laplace_split_bound two_splits 16 3 (1/2) 10000000000 (1/20) <= 327167/100000000.
Proof. certify. Fail Qed. Abort.
